"""Promises of slimming: what can be exact is exact, what is a fit is the best one."""

from dataclasses import replace

import pytest
import torch

from facet.config import NEQUIP
from facet.errors import ConfigError
from facet.interop.slim import with_linear_radial, with_single_head
from facet.nn.network import FacetNetwork
from facet.parts import BesselBasis, LinearRadial, MlpRadial, SplineBasis

SMALL = replace(NEQUIP, channels=(6, 4), num_layers=2, head=(5, 3))


def energies(config, weights):
    network = FacetNetwork(config)
    network.load_state_dict(weights)
    index = torch.tensor([[0, 0, 1, 2], [1, 2, 0, 0]])
    bonds = torch.tensor([[1.2, 0.5, 0.2], [0.0, 1.4, 0.9]])
    return network(torch.tensor([8, 26, 1]), torch.cat((bonds, -bonds)), index).detach()


def test_a_stacked_readout_collapses_to_one_vector_without_loss():
    weights = FacetNetwork(SMALL).state_dict()
    config, slim = with_single_head(SMALL, weights)
    assert config.head == ()
    assert torch.allclose(energies(SMALL, weights), energies(config, slim), rtol=1e-5)


def test_a_radial_map_that_is_linear_already_is_recovered_exactly():
    config = replace(SMALL, radial=MlpRadial(hidden=()))
    weights = FacetNetwork(config).state_dict()
    slim_config, slim = with_linear_radial(config, weights)
    assert slim_config.radial == LinearRadial()
    assert torch.allclose(energies(config, weights), energies(slim_config, slim), rtol=1e-3)


def test_more_basis_functions_fit_an_mlp_better():
    torch.manual_seed(1)
    weights = FacetNetwork(SMALL).state_dict()
    exact = energies(SMALL, weights)
    errors = [
        (energies(*with_linear_radial(SMALL, weights, BesselBasis(number))) - exact).abs().max()
        for number in (4, 16)
    ]
    assert errors[1] < errors[0] / 3


def test_another_basis_may_be_chosen():
    config, slim = with_linear_radial(SMALL, FacetNetwork(SMALL).state_dict(), SplineBasis(12))
    assert config.basis == SplineBasis(12)
    assert torch.isfinite(energies(config, slim)).all()


def test_a_network_without_an_mlp_is_refused():
    config = replace(SMALL, radial=LinearRadial())
    with pytest.raises(ConfigError, match="no radial MLP"):
        with_linear_radial(config, FacetNetwork(config).state_dict())
