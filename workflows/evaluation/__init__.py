"""How good a potential is, measured against DFT: one file per part of the suite."""
