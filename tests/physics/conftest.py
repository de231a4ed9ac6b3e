"""Potentials and crystals for the physics promises."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from facet.config import FACET_S, PAPER_O3
from facet.facet_potential import FacetPotential
from facet.graph.neighbors import Crystal
from facet.nn.network import FacetNetwork

CONFIGS = {
    "facet-s": replace(FACET_S, channels=(16, 8, 4)),
    "paper-o3": replace(PAPER_O3, channels=(16, 8, 4, 2)),
}


def awake_potential(config, dtype=torch.float64, seed=0):
    """A potential whose every block contributes: a fresh one is the identity on embeddings."""
    torch.manual_seed(seed)
    network = FacetNetwork(config)
    for name, value in network.named_parameters():
        if ".norm." in name:
            value.data.normal_(std=0.5)
        if name.startswith("species_"):
            value.data.normal_(std=0.1)
    network.double()
    # Buffers made in single precision keep its rounding; a double-precision twin does not.
    exact = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    twin = FacetNetwork(config)
    torch.set_default_dtype(exact)
    twin.load_state_dict(network.state_dict())
    return FacetPotential(twin.to(dtype), "test", {})


@pytest.fixture(params=sorted(CONFIGS))
def potential(request):
    return awake_potential(CONFIGS[request.param])


@pytest.fixture
def crystals():
    generator = np.random.default_rng(3)
    cells = [
        np.array([[4.1, 0.0, 0.2], [0.3, 3.8, 0.0], [0.0, 0.4, 4.4]]),
        np.array([[0.0, 2.9, 0.0], [2.9, 0.0, 0.0], [0.5, 0.0, 5.0]]),  # left-handed
        np.array([[3.0, 0.0, 0.0], [6.5, 2.5, 0.0], [1.0, 4.0, 3.0]]),  # strongly skewed
        np.array([[2.6, 0.0, 0.0], [0.0, 2.6, 0.0], [0.0, 0.0, 2.6]]),  # smaller than the cutoff
    ]
    species = [[26, 8, 8], [11, 17], [14, 6, 1, 8], [29]]
    return [
        Crystal(
            np.array(numbers),
            spread_out(generator, len(numbers)) @ cell,
            cell,
        )
        for numbers, cell in zip(species, cells, strict=True)
    ]


def spread_out(generator, count):
    """Fractional positions on a diagonal, shaken: no two atoms on top of each other."""
    steps = np.arange(count)[:, None] / count
    return steps + generator.uniform(-0.05, 0.05, (count, 3))
