"""The network, one block per file."""

import torch

# e3nn 0.4.4, which MACE needs, holds slices in the constants that it loads on import; torch 2.6 and
# later refuse them unless told that they are harmless.
torch.serialization.add_safe_globals([slice])
