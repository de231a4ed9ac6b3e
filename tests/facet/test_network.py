"""Promises of the network itself."""

import math

import pytest
import torch

from facet.config import FACET_S, PAPER, PAPER_O3, ModelConfig
from facet.errors import ConfigError
from facet.nn.network import FacetNetwork
from facet.nn.paths import list_paths
from facet.nn.radial import BesselBasis, polynomial_envelope
from facet.nn.sphere import lebedev_matrices


@pytest.mark.parametrize(("config", "count"), [(PAPER, 270_383), (PAPER_O3, 265_391)])
def test_the_published_shapes_have_the_published_number_of_parameters(config, count):
    assert FacetNetwork(config).count_parameters() == count


def test_the_bundled_shape_stays_small():
    assert FacetNetwork(FACET_S).count_parameters() <= 400_000


def test_natural_parity_keeps_23_of_34_paths_at_lmax_3():
    assert len(list_paths(3, 3, 3, natural_parity=False)) == 34
    assert len(list_paths(3, 3, 3, natural_parity=True)) == 23


@pytest.mark.parametrize("points", [50, 110, 170, 302, 590])
def test_to_the_grid_and_back_is_the_identity(points):
    to_grid, from_grid = lebedev_matrices(points, 3)
    assert torch.allclose(from_grid.T @ to_grid, torch.eye(16, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(to_grid[:, 0], torch.ones(points, dtype=torch.float64))


def test_an_unknown_grid_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="170"):
        lebedev_matrices(171, 3)


def test_radial_functions_end_at_the_cutoff_with_two_derivatives():
    basis = BesselBasis(8, 5.0).double()
    length = torch.tensor([5.0 - 1e-4, 5.0, 6.0], dtype=torch.float64, requires_grad=True)
    values = basis(length)
    (slope,) = torch.autograd.grad(values.sum(), length, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), length)
    assert values[1:].abs().max() == 0
    assert slope[1:].abs().max() < 1e-12
    assert curvature[0].abs() < 0.1
    assert curvature[1:].abs().max() < 1e-10


def test_the_envelope_falls_from_one_to_zero():
    assert polynomial_envelope(torch.tensor([0.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.0]


def test_a_fresh_network_is_the_identity_on_embeddings():
    network = FacetNetwork(FACET_S)
    vectors = torch.randn(2, 3)
    index = torch.tensor([[0, 1], [1, 0]])
    energies = network(torch.tensor([8, 8]), torch.stack([vectors[0], -vectors[0]]), index)
    alone = network(torch.tensor([8]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.long))
    assert torch.allclose(energies, alone.expand(2))


@pytest.mark.parametrize(
    "values",
    [{"cutoff": 0.0}, {"channels": ()}, {"grid_heads": 3}, {"species": (1, 1)}, {"num_layers": 0}],
)
def test_shapes_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError):
        ModelConfig(**values)


def test_a_config_survives_json_and_refuses_what_it_does_not_know():
    assert ModelConfig.from_dict(FACET_S.to_dict()) == FACET_S
    with pytest.raises(ConfigError, match="cheese"):
        ModelConfig.from_dict({"cheese": 1})


def test_one_layer_networks_work():
    network = FacetNetwork(ModelConfig(num_layers=1, channels=(8, 4)))
    energy = network(torch.tensor([8]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.long))
    assert math.isfinite(energy.item())
