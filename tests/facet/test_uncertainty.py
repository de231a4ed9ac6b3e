"""Promises of the committee of last layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from facet.checkpoint import load, read_checkpoint, read_committee, save_checkpoint
from facet.config import FACET_S, NEQUIP
from facet.errors import CheckpointError, UnsupportedElement
from facet.graph.neighbors import Crystal, build_batch
from facet.nn.network import FacetNetwork
from facet.uncertainty import Committee, LastLayer

SMALL = replace(FACET_S, channels=(8, 4, 2), num_layers=2)
HIDDEN = replace(NEQUIP, channels=(8, 4), num_layers=2, head=(5,))
SALT = Crystal(np.array([11, 17]), np.array([[0.0, 0, 0], [2.8, 0.1, 0]]), 4.2 * np.eye(3))
COPPER = Crystal(np.array([29]), np.zeros((1, 3)), 2.7 * np.eye(3))


def weights_of(config):
    torch.manual_seed(0)
    network = FacetNetwork(config)
    network.readout.rescale(1.7, torch.randn(len(config.species)))
    torch.nn.init.normal_(network.readout.species_scale, 1.0, 0.2)
    return network.state_dict()


def committee_for(path, width, num_members=4):
    potential = load(path)
    rows = len(potential.network.readout.species_shift)
    torch.manual_seed(1)
    heads = 0.1 * torch.randn(num_members, width, dtype=torch.float64)
    shifts = 0.1 * torch.randn(num_members, rows, dtype=torch.float64)
    return Committee(
        heads - heads.mean(0), shifts - shifts.mean(0), potential.fingerprint, {"ridge": 1e-6}
    )


@pytest.fixture(params=[SMALL, HIDDEN], ids=["facet-s", "nequip"])
def stored(request, tmp_path):
    config, weights = request.param, weights_of(request.param)
    bare, whole = tmp_path / "bare.safetensors", tmp_path / "whole.safetensors"
    save_checkpoint(bare, config, weights, {})
    committee = committee_for(bare, config.head[-1] if config.head else config.channels[0])
    save_checkpoint(whole, config, weights, {}, committee)
    return bare, whole, committee


def batch_for(potential, crystals=(SALT, COPPER)):
    return build_batch(crystals, potential.cutoff, potential.dtype)


def test_members_agree_with_networks_that_have_their_last_layer(stored):
    _, whole, committee = stored
    potential = load(whole, dtype=torch.float64)
    batch = batch_for(potential)
    energies = potential.member_energies(batch)
    assert energies.shape == (2, 4)
    config, weights, _ = read_checkpoint(whole)
    for member in range(committee.num_members):
        network = FacetNetwork(config).double()
        network.load_state_dict(weights)
        with torch.no_grad():
            network.readout.head += committee.heads[member]
            network.readout.species_shift += committee.shifts[member]
            atoms = network(batch.species, batch.edge_vectors, batch.edge_index)
        expected = torch.zeros(2).double().index_add(0, batch.structure_index, atoms)
        torch.testing.assert_close(energies[:, member], expected, rtol=1e-6, atol=1e-6)


def test_the_mean_of_the_members_is_the_prediction(stored):
    _, whole, _ = stored
    potential = load(whole, dtype=torch.float64)
    batch = batch_for(potential)
    mean = potential.member_energies(batch).mean(dim=1)
    torch.testing.assert_close(mean, potential(batch).energy, rtol=1e-9, atol=1e-9)


def test_a_committee_changes_neither_fingerprint_nor_prediction(stored):
    bare, whole, committee = stored
    first, second = load(bare), load(whole)
    assert first.fingerprint == second.fingerprint
    assert first.committee is None
    assert torch.equal(second.committee.heads, committee.heads)
    assert torch.equal(second.committee.shifts, committee.shifts)
    assert second.committee.card == {"ridge": 1e-6}
    batch = batch_for(first)
    assert torch.equal(first(batch).energy, second(batch).energy)
    assert torch.equal(first(batch).forces, second(batch).forces)


def test_members_leave_the_network_as_it_is(stored):
    _, whole, _ = stored
    potential = load(whole)
    batch = batch_for(potential)
    before = potential(batch)
    potential.member_energies(batch)
    after = potential(batch)
    assert torch.equal(before.energy, after.energy)
    assert torch.equal(before.stress, after.stress)


def test_a_potential_without_a_committee_says_how_to_get_one(stored):
    bare, _, _ = stored
    assert read_committee(bare) is None
    potential = load(bare)
    with pytest.raises(CheckpointError, match=r"fit_committee\.py"):
        potential.member_energies(batch_for(potential))


def test_a_committee_of_other_weights_is_refused(stored, tmp_path):
    bare, _, committee = stored
    config, weights, _ = read_checkpoint(bare)
    changed = {**weights, "readout.head": weights["readout.head"] + 1e-3}
    mixed = tmp_path / "mixed.safetensors"
    save_checkpoint(mixed, config, changed, {}, committee)
    with pytest.raises(CheckpointError, match="fit it again"):
        load(mixed)


def test_one_member_is_no_committee():
    with pytest.raises(CheckpointError, match="two members"):
        Committee(torch.zeros(1, 8), torch.zeros(1, 90), "x")


def test_an_unknown_element_is_refused_by_the_members_too(tmp_path):
    config = replace(SMALL, species=(11, 17))
    weights = weights_of(config)
    path = tmp_path / "salt.safetensors"
    save_checkpoint(path, config, weights, {})
    save_checkpoint(path, config, weights, {}, committee_for(path, 8))
    potential = load(path)
    with pytest.raises(UnsupportedElement):
        potential.member_energies(batch_for(potential))


def test_energies_of_twice_the_cell_are_twice_those_of_every_member(stored):
    _, whole, _ = stored
    potential = load(whole, dtype=torch.float64)
    double = Crystal(
        np.concatenate([SALT.species, SALT.species]),
        np.concatenate([SALT.positions, SALT.positions + SALT.cell[0]]),
        SALT.cell * np.array([[2.0], [1.0], [1.0]]),
    )
    single, twice = potential.member_energies(batch_for(potential, [SALT, double]))
    torch.testing.assert_close(twice, 2 * single, rtol=1e-8, atol=1e-8)


def test_the_parts_before_the_last_layer_give_the_energy(stored):
    bare, _, _ = stored
    potential = load(bare, dtype=torch.float64)
    batch = batch_for(potential)
    layer = LastLayer(potential.network)
    torch.testing.assert_close(
        layer.energies(layer.parts(batch)), potential(batch).energy, rtol=1e-9, atol=1e-9
    )
