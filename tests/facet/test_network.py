"""Promises of the network itself."""

import json
import math
from dataclasses import replace

import pytest
import torch

from facet.config import FACET_S, NEQUIP, PAPER, PAPER_O3, PRESETS, SEVENNET_0, ModelConfig
from facet.errors import ConfigError
from facet.nn.network import FacetNetwork
from facet.nn.paths import list_paths
from facet.nn.radial import build_basis, cubic_b_spline, polynomial_envelope
from facet.nn.sphere import lebedev_matrices
from facet.parts import (
    BesselBasis,
    GateMixing,
    LinearRadial,
    MlpRadial,
    ParabolaActivation,
    SphereMixing,
    SplineBasis,
)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (PAPER, 270_383),
        (PAPER_O3, 265_391),
        (SEVENNET_0, 842_748),
        (replace(SEVENNET_0, radial=LinearRadial()), 624_380),
        (replace(SEVENNET_0, radial=LinearRadial(), head=()), 616_252),
    ],
)
def test_the_published_shapes_have_the_published_number_of_parameters(config, count):
    assert FacetNetwork(config).count_parameters() == count


def test_the_bundled_shape_stays_small():
    assert FacetNetwork(FACET_S).count_parameters() <= 400_000


def test_natural_parity_keeps_23_of_34_paths_at_lmax_3():
    assert len(list_paths(3, 3, 3, natural_parity=False)) == 34
    assert len(list_paths(3, 3, 3, natural_parity=True)) == 23


def test_a_switch_that_begins_beyond_the_cutoff_is_refused():
    with pytest.raises(ConfigError, match="onset"):
        replace(SEVENNET_0, cutoff=4.0)


def test_parabolas_on_too_small_a_grid_are_refused():
    blurred = replace(FACET_S, mixing=SphereMixing(points=38, activation=ParabolaActivation()))
    with pytest.raises(ConfigError, match="use at least 50 points"):
        FacetNetwork(blurred)


@pytest.mark.parametrize("points", [50, 110, 170, 302, 590])
def test_to_the_grid_and_back_is_the_identity(points):
    to_grid, from_grid = lebedev_matrices(points, 3)
    assert torch.allclose(from_grid.T @ to_grid, torch.eye(16, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(to_grid[:, 0], torch.ones(points, dtype=torch.float64))


def test_an_unknown_grid_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="170"):
        lebedev_matrices(171, 3)


@pytest.mark.parametrize("part", [BesselBasis(), SplineBasis(), SplineBasis(12)])
def test_radial_functions_end_at_the_cutoff_with_two_derivatives(part):
    basis = build_basis(ModelConfig(basis=part)).double()
    length = torch.tensor([5.0 - 1e-4, 5.0, 6.0], dtype=torch.float64, requires_grad=True)
    values = basis(length)
    (slope,) = torch.autograd.grad(values.sum(), length, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), length)
    assert values[1:].abs().max() == 0
    assert slope[1:].abs().max() < 1e-12
    # It falls to zero linearly over the last 1e-4 angstrom: no jump.
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
    [
        {"cutoff": 0.0},
        {"channels": ()},
        {"channels": (4, 0)},
        {"mixing": SphereMixing(heads=3)},
        {"species": (1, 1)},
        {"num_layers": 0},
    ],
)
def test_shapes_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError):
        ModelConfig(**values)


def test_splines_are_smooth_bumps_that_add_up_to_a_constant():
    length = torch.linspace(0.1, 2.4, 50)
    values = build_basis(ModelConfig(basis=SplineBasis(10)))(length)
    assert torch.allclose(values.sum(dim=-1), torch.full((50,), 1.5), atol=1e-5)
    assert cubic_b_spline(torch.tensor([0.0, 1.0, 2.0])).tolist() == [1.0, 0.25, 0.0]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_config_survives_json(name):
    stored = json.loads(json.dumps(PRESETS[name].to_dict()))
    assert ModelConfig.from_dict(stored) == PRESETS[name]


def test_a_config_refuses_what_it_does_not_know():
    with pytest.raises(ConfigError, match="kind"):
        ModelConfig.from_dict({"mixing": {"kind": "soup"}})
    with pytest.raises(ConfigError, match="cheese"):
        ModelConfig.from_dict({"cheese": 1})


def test_one_layer_networks_work():
    network = FacetNetwork(ModelConfig(num_layers=1, channels=(8, 4)))
    energy = network(torch.tensor([8]), torch.zeros(0, 3), torch.zeros(2, 0, dtype=torch.long))
    assert math.isfinite(energy.item())


def test_weights_that_are_linear_in_the_basis_may_be_applied_before_or_after_the_sum():
    config = ModelConfig(channels=(8, 6, 4), radial=MlpRadial(hidden=()))
    early = FacetNetwork(config).double()
    late = FacetNetwork(replace(config, radial=LinearRadial())).double()
    weights = early.state_dict()
    for name in [name for name in weights if ".radial." in name]:
        layer = int(name.split(".")[1])
        sizes = [config.channels[path.feature] for path in early.layers[layer].convolution.paths]
        parts = torch.split(weights.pop(name), sizes, dim=1)
        prefix = name.rsplit(".", 1)[0]
        weights |= {f"{prefix}.{place}": part for place, part in enumerate(parts)}
    for name in weights:
        if ".norm." in name:
            weights[name] = torch.ones_like(weights[name])
            early.get_parameter(name).data.fill_(1.0)
    late.load_state_dict(weights)
    species, index = torch.tensor([8, 26, 1]), torch.tensor([[0, 0, 1, 2], [1, 2, 0, 0]])
    bonds = torch.tensor([[1.0, 0.5, 0.2], [0.0, 1.4, 0.9]]).double()
    vectors = torch.cat((bonds, -bonds))
    arguments = (species, vectors, index)
    assert torch.allclose(early(*arguments), late(*arguments), rtol=1e-12)


def test_parts_combine_freely():
    for radial in (LinearRadial(), MlpRadial((16,))):
        for mixing in (SphereMixing(points=50), GateMixing()):
            for basis in (BesselBasis(), SplineBasis()):
                config = replace(NEQUIP, channels=(8, 4), radial=radial, mixing=mixing, basis=basis)
                network = FacetNetwork(config)
                index = torch.tensor([[0, 1], [1, 0]])
                vectors = torch.tensor([[0.0, 0.0, 1.5], [0.0, 0.0, -1.5]])
                network(torch.tensor([8, 1]), vectors, index).sum().backward()
                unused = [n for n, p in network.named_parameters() if p.grad is None]
                assert unused == []
