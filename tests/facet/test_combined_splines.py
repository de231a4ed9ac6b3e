"""Promises of radial functions of any shape and of first layers that read tables."""

from dataclasses import replace

import pytest
import torch

from facet.config import NEQUIP, ModelConfig
from facet.errors import ConfigError
from facet.nn.network import FacetNetwork
from facet.nn.radial import build_basis
from facet.parts import BesselBasis, CombinedSplineBasis, LinearRadial, SplineBasis
from facet.training.optimizers import build_optimizers
from facet.training.settings import TrainSettings


def basis_of(part):
    return build_basis(ModelConfig(basis=part)).double()


def slope_of(basis, length):
    (slope,) = torch.autograd.grad(basis(length).square().sum(), length, create_graph=True)
    return slope


def test_every_function_is_its_combination_of_the_splines():
    combined, splines = basis_of(CombinedSplineBasis(3, 20)), basis_of(SplineBasis(20))
    weights = torch.randn(20, 3, dtype=torch.float64)
    combined.combination.data.copy_(weights)
    length = torch.linspace(0.0, 6.0, 601, dtype=torch.float64)
    # The spline basis counts from the cutoff inward.
    assert torch.allclose(combined(length), splines(length).flip(-1) @ weights, atol=1e-13)


def test_slopes_and_what_training_makes_of_them_agree_with_those_of_the_splines():
    combined, splines = basis_of(CombinedSplineBasis(3, 20)), basis_of(SplineBasis(20))
    weights = combined.combination
    length = torch.linspace(0.4, 5.2, 97, dtype=torch.float64, requires_grad=True)
    ours = slope_of(combined, length)
    plain = slope_of(lambda r: splines(r).flip(-1) @ weights, length)
    assert torch.allclose(ours, plain, atol=1e-10)
    (one,) = torch.autograd.grad(ours.square().sum(), weights)
    (two,) = torch.autograd.grad(plain.square().sum(), weights)
    assert torch.allclose(one, two, rtol=1e-9)


def test_functions_of_any_shape_end_at_the_cutoff_with_two_derivatives():
    basis = basis_of(CombinedSplineBasis(4, 12))
    basis.combination.data.normal_()
    length = torch.tensor([5.0 - 1e-4, 5.0, 6.0], dtype=torch.float64, requires_grad=True)
    values = basis(length)
    (slope,) = torch.autograd.grad(values.sum(), length, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), length)
    assert values[1:].abs().max() == 0
    assert slope[1:].abs().max() == 0
    assert curvature[0].abs() < 0.05
    assert curvature[1:].abs().max() == 0


def test_a_fresh_basis_is_about_that_of_bessel_functions():
    length = torch.linspace(0.8, 5.0, 50, dtype=torch.float64)
    combined, bessel = basis_of(CombinedSplineBasis(4)), basis_of(BesselBasis(4))
    assert (combined(length) - bessel(length)).abs().max() < 0.05


def test_a_length_that_is_no_number_gives_no_number():
    values = basis_of(CombinedSplineBasis(2, 8))(torch.tensor([float("nan"), 1.0]).double())
    assert values[0].isnan().all()
    assert values[1].isfinite().all()


def test_more_functions_than_knots_are_refused():
    with pytest.raises(ConfigError, match="a knot or more for every function"):
        CombinedSplineBasis(9, 8)


def test_a_first_layer_of_tables_depends_on_the_elements_through_both_tables():
    config = replace(NEQUIP, channels=(6, 4), num_layers=2, has_species_connection=False)
    network = FacetNetwork(replace(config, has_species_table=True))
    assert network.layers[0].inner is None
    assert network.layers[1].inner is not None
    index = torch.tensor([[0, 1], [1, 0]])
    energies = network(torch.tensor([8, 26]), torch.tensor([[1.5, 0, 0], [-1.5, 0, 0]]), index)
    energies.sum().backward()
    for table in (network.embedding, network.layers[0].residual.table):
        used = table.grad.abs().sum(dim=1) > 0
        assert used.nonzero().flatten().tolist() == network.species_row[[8, 26]].tolist()


def test_orthogonal_updates_are_for_maps_between_features_only():
    shape = replace(
        NEQUIP,
        channels=(6, 4),
        has_species_connection=False,
        has_species_table=True,
        radial=LinearRadial(),
        basis=CombinedSplineBasis(3, 8),
    )
    network = FacetNetwork(shape)
    optimizers = build_optimizers(network, TrainSettings(model=shape, shards="labels.npz"))
    plain = {id(x) for group in optimizers["adamw"].param_groups for x in group["params"]}
    named = dict(network.named_parameters())
    for name in ("embedding", "layers.0.residual.table", "basis.combination"):
        assert id(named[name]) in plain


def test_the_shape_survives_writing():
    config = ModelConfig(basis=CombinedSplineBasis(5, 30), has_species_table=True)
    assert ModelConfig.from_dict(config.to_dict()) == config
