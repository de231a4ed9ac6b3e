"""Promises of the fit of radial functions."""

from dataclasses import replace

import pytest
import torch

from facet.config import NEQUIP
from facet.errors import ConfigError
from facet.facet_potential import plain_network
from facet.golden import golden_crystals
from facet.graph.neighbors import build_batch
from facet.interop.radial_fit import path_importance
from facet.interop.slim import with_fitted_radial, with_linear_radial, with_species_table
from facet.nn.network import FacetNetwork
from facet.parts import BesselBasis, CombinedSplineBasis, LinearRadial, MlpRadial

SMALL = replace(NEQUIP, channels=(6, 4), num_layers=2, has_species_connection=False)
CRYSTALS = golden_crystals(frozenset(SMALL.species))


def fresh(config, seed=0):
    torch.manual_seed(seed)
    return FacetNetwork(config).state_dict()


def energies(config, weights):
    network = plain_network(config, weights)
    batch = build_batch(CRYSTALS, config.cutoff, torch.float64)
    return network(batch.species, batch.edge_vectors, batch.edge_index).detach()


def test_as_many_functions_as_there_are_leave_no_error():
    config = replace(SMALL, basis=BesselBasis(3), radial=MlpRadial(hidden=()))
    weights = fresh(config)
    exact = energies(config, weights)
    slim_config, slim = with_fitted_radial(config, weights, CombinedSplineBasis(3, 100))
    assert slim_config.radial == LinearRadial()
    assert torch.allclose(energies(slim_config, slim), exact, atol=1e-3 * exact.abs().max())
    short_config, short = with_fitted_radial(config, weights, CombinedSplineBasis(2, 100))
    missed = (energies(short_config, short) - exact).abs().max()
    assert missed > 1e-2 * exact.abs().max()


def test_fitted_functions_are_better_than_as_many_bessel_functions():
    weights = fresh(SMALL)
    exact = energies(SMALL, weights)
    fitted = energies(*with_fitted_radial(SMALL, weights, CombinedSplineBasis(6)))
    bessel = energies(*with_linear_radial(SMALL, weights, BesselBasis(6)))
    assert (fitted - exact).abs().mean() < (bessel - exact).abs().mean() / 2


def test_a_path_that_nobody_listens_to_has_no_importance():
    network = plain_network(SMALL, fresh(SMALL))
    first = network.layers[0]
    first.message.weights[1].data[2] = 0
    importance = path_importance(network, CRYSTALS)[0]
    start = {
        path.out: sum(first.convolution.split[:k]) for k, path in enumerate(first.convolution.paths)
    }
    assert importance[start[1] + 2] == 0
    assert (importance > 0).sum() == len(importance) - 1


def test_a_network_without_an_mlp_has_nothing_to_fit():
    config = replace(SMALL, radial=LinearRadial())
    with pytest.raises(ConfigError, match="no radial MLP"):
        with_fitted_radial(config, fresh(config), CombinedSplineBasis())


def test_tables_of_the_elements_say_what_the_maps_said():
    weights = fresh(SMALL)
    config, slim = with_species_table(SMALL, weights)
    assert torch.allclose(energies(config, slim), energies(SMALL, weights), rtol=1e-5)
    assert sum(x.numel() for x in slim.values()) != sum(x.numel() for x in weights.values())


def test_maps_that_are_merged_already_are_refused():
    config, slim = with_species_table(SMALL, fresh(SMALL))
    with pytest.raises(ConfigError, match="no two linear maps"):
        with_species_table(config, slim)
