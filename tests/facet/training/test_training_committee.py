"""Promises of the fit of a committee."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from facet.checkpoint import load, save_checkpoint
from facet.config import FACET_S
from facet.errors import DataError
from facet.graph.neighbors import Crystal, build_batch
from facet.nn.network import FacetNetwork
from facet.training.committee import Regression, committee_of, fit_members, tabulate
from facet.training.labels import Frame

SMALL = replace(FACET_S, channels=(8, 4, 2), num_layers=2)
WIDTH, ELEMENTS = 6, 3


def made_up(noise, num_frames=400, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(4, [0.5, 0.3, 0.2], num_frames) / 4
    design = np.concatenate([rng.normal(size=(num_frames, WIDTH)), counts], axis=1)
    change = rng.normal(size=WIDTH + ELEMENTS)
    errors = design @ change + noise * rng.normal(size=num_frames)
    formulas = tuple(((number // 3, 1),) for number in range(num_frames))
    return Regression(design, errors, formulas, WIDTH)


def test_members_of_a_perfectly_determined_regression_agree():
    table = made_up(noise=0.0)
    assert table.spreads(fit_members(table, ridge=1e-12)).max() < 1e-6


def test_noise_makes_members_disagree_in_proportion():
    quiet, loud = made_up(noise=0.01), made_up(noise=0.1)
    little = np.median(quiet.spreads(fit_members(quiet, 1e-9)))
    much = np.median(loud.spreads(fit_members(loud, 1e-9)))
    assert 5 < much / little < 20


def test_members_disagree_most_where_no_frame_was():
    table = made_up(noise=0.1)
    members = fit_members(table, 1e-9)
    far = replace(table, design=table.design * 10)
    np.testing.assert_allclose(far.spreads(members), 10 * table.spreads(members))


def test_members_are_centered_on_the_trained_layer():
    members = fit_members(made_up(noise=0.1), 1e-6, num_members=5)
    assert members.shape == (5, WIDTH + ELEMENTS)
    np.testing.assert_allclose(members.mean(axis=0), 0, atol=1e-12)


def test_a_strong_ridge_holds_the_members_together():
    table = made_up(noise=0.1)
    loose, tight = (np.median(table.spreads(fit_members(table, each))) for each in (1e-9, 1e5))
    assert tight < loose / 100


def test_formulas_are_drawn_as_a_whole():
    table = made_up(noise=0.1)
    repeated = replace(
        table,
        design=np.repeat(table.design, 3, axis=0),
        errors=np.repeat(table.errors, 3),
        formulas=tuple(np.repeat(np.arange(400), 3).tolist()),
    )
    once = replace(table, formulas=tuple(range(400)))
    np.testing.assert_allclose(fit_members(repeated, 1e-9), fit_members(once, 1e-9), atol=1e-9)


def test_an_element_that_never_occurs_keeps_its_energy():
    table = made_up(noise=0.1)
    design = table.design.copy()
    design[:, -1] = 0
    members = fit_members(replace(table, design=design), 1e-9)
    assert np.abs(members[:, -1]).max() == 0
    assert np.abs(members[:, -2]).max() > 0


def test_a_single_absurd_label_does_not_decide_the_spread():
    table = made_up(noise=0.1)
    errors = table.errors.copy()
    errors[0] += 1000
    sound = np.median(table.spreads(fit_members(table, 1e-9)))
    hit = np.median(table.spreads(fit_members(replace(table, errors=errors), 1e-9)))
    assert hit < 5 * sound


def test_the_table_of_a_network_holds_its_errors_and_feeds_its_members(tmp_path):
    torch.manual_seed(0)
    network = FacetNetwork(SMALL)
    network.readout.rescale(1.0, torch.randn(len(SMALL.species)))
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, SMALL, network.state_dict(), {})
    potential = load(path)
    rng = np.random.default_rng(0)
    frames = [shaken(rng) for _ in range(30)]
    table = tabulate(potential, frames)
    assert table.design.shape == (30, table.width + len(SMALL.species) + 1)
    np.testing.assert_allclose(table.design[:, table.width :].sum(axis=1), 1)
    members = fit_members(table, 1e-6, num_members=3)
    committee = committee_of(members, table.width, potential.fingerprint, {"note": "n"})
    whole = tmp_path / "whole.safetensors"
    save_checkpoint(whole, SMALL, network.state_dict(), {}, committee)
    loaded = load(whole, dtype=torch.float64)

    energies = loaded.member_energies(build_batch([frames[4].crystal], loaded.cutoff))[0]
    assert float(energies.std()) / 2 == pytest.approx(table.spreads(members)[4], rel=1e-3)
    assert float(energies.mean()) / 2 == pytest.approx(
        frames[4].energy / 2 - table.errors[4], abs=1e-5
    )


def test_no_frames_are_refused(tmp_path):
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, SMALL, FacetNetwork(SMALL).state_dict(), {})
    with pytest.raises(DataError, match="no frames"):
        tabulate(load(path), [])


def shaken(rng):
    species = rng.choice([11, 17, 29, 8], size=2)
    positions = np.array([[0.0, 0, 0], [2.0, 2.0, 2.0]]) + 0.1 * rng.normal(size=(2, 3))
    crystal = Crystal(species, positions, 4 * np.eye(3))
    return Frame(crystal, rng.normal(), np.zeros((2, 3)), np.zeros((3, 3)), 0, "p")
