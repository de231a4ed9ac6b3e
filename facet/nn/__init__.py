"""The network, one block per file."""
