"""DFT for candidates that deserve it, and what is learned from it."""
