"""The parts of the example campaign: prototypes, ions, candidates, references and controls."""
