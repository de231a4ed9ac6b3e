"""Several potentials beside each other on the same crystals, in one engine."""
