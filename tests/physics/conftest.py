"""Networks for the physics promises, with random weights in which every block contributes."""

from dataclasses import replace

import torch

from facet.config import FACET_S, NEQUIP, PAPER, PAPER_O3, SEVENNET_0
from facet.facet_potential import FacetPotential
from facet.nn.network import FacetNetwork
from facet.parts import CombinedSplineBasis, LinearRadial, SphereMixing

# The published shape feeds the grid amplitudes of any size, and needs more points for them.
FINE_GRID = SphereMixing(channels=8, points=590, amplitude=0.0)

CONFIGS = {
    "facet-s": replace(FACET_S, channels=(16, 8, 4)),
    "paper": replace(PAPER, channels=(8, 6, 4, 2), mixing=FINE_GRID),
    "paper-o3": replace(PAPER_O3, channels=(8, 6, 4, 2), mixing=FINE_GRID),
    "nequip": replace(NEQUIP, channels=(8, 4, 4)),
    "sevennet-0": replace(SEVENNET_0, channels=(8, 4, 2), num_layers=3),
    "sevennet-0-slim": replace(
        SEVENNET_0,
        channels=(8, 4, 2),
        num_layers=3,
        basis=CombinedSplineBasis(6, 24),
        radial=LinearRadial(),
        head=(),
        has_species_table=True,
    ),
}


def awake_potential(config, dtype=torch.float64, seed=0):
    """A potential whose every block contributes: a fresh one is the identity on embeddings."""
    torch.manual_seed(seed)
    network = FacetNetwork(config)
    for name, value in network.named_parameters():
        if ".norm." in name:
            value.data.normal_(std=0.5)
        if name.startswith("readout.species_"):
            value.data += 0.1 * torch.randn_like(value)
    network.double()
    # Buffers made in single precision keep its rounding; a double-precision twin does not.
    exact = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    twin = FacetNetwork(config)
    torch.set_default_dtype(exact)
    twin.load_state_dict(network.state_dict())
    return FacetPotential(twin.to(dtype), "test", {})
