"""Other potentials: their weights in our network, or their models behind our protocol."""
