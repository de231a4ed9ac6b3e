"""What is found of relaxed candidates: their places on the hulls, verdicts, and worth of a DFT."""
