"""Crystals that converge carry the energies of the committee, and nobody pays for its faults."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pymatgen.core.structure import Structure

from facet.checkpoint import load
from facet.graph.convert import crystal_from
from facet.graph.neighbors import build_batch
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.uncertainty import MemberPrediction

AT_REST = RelaxSettings(fmax=900.0, smax=1e6)


def crystals():
    cells = {"salt": ("Na", "Cl", 4.1), "alloy": ("Cu", "Au", 3.3), "oxide": ("Mg", "O", 2.7)}
    for name, (first, second, edge) in cells.items():
        points = [[0, 0, 0], [0.5, 0.5, 0.48]]
        yield name, Structure(np.eye(3) * edge, [first, second], points)


@pytest.fixture(scope="module", params=[torch.float32, torch.float64])
def potential(request):
    return load("facet-s", dtype=request.param, check=False)


def relaxed(potential, settings=AT_REST):
    return {each.name: each for each in relax(crystals(), potential, settings)}


def test_offsets_are_those_of_the_members_at_the_relaxed_geometry(potential):
    exact = load("facet-s", dtype=torch.float64, check=False)
    for result in relaxed(potential).values():
        batch = build_batch([result.crystal], exact.cutoff, exact.dtype)
        energies = exact.member_energies(batch)[0].numpy()
        wanted = (energies - result.energy) / len(result.species)
        assert result.member_offsets.dtype == np.float32
        np.testing.assert_allclose(result.member_offsets, wanted, atol=2e-6)
        assert abs(result.member_offsets.mean()) < 1e-6
        assert result.member_offsets.std() > 1e-5


def test_crystals_that_converge_in_different_rounds_have_offsets_of_their_own(potential):
    settings = RelaxSettings(fmax=0.5, smax=10.0, max_steps=60)
    for result in relaxed(potential, settings).values():
        assert result.stop_reason == "converged"
        batch = build_batch([result.crystal], potential.cutoff, potential.dtype)
        told = potential.telling_members()(batch).member_offsets
        wanted = told[0].numpy() / len(result.species)
        np.testing.assert_allclose(result.member_offsets, wanted, atol=5e-6)


def test_who_is_not_looked_at_in_the_end_has_none():
    single = load("facet-s", check=False)
    ends = relaxed(single, RelaxSettings(max_steps=0, fmax=1e-9)).values()
    assert [each.member_offsets for each in ends] == [None] * 3


def test_a_potential_without_a_committee_gives_none(potential):
    bare = potential.in_double() if potential.dtype == torch.float32 else potential
    bare = type(bare)(bare.network, bare.fingerprint, bare.card)
    assert {each.member_offsets is None for each in relaxed(bare).values()} == {True}


def test_members_that_say_no_numbers_harm_nobody(potential):
    broken = replace(potential.committee, heads=torch.full_like(potential.committee.heads, np.nan))
    parts = (potential.network, potential.fingerprint, potential.card, None, broken)
    for result in relaxed(type(potential)(*parts)).values():
        assert result.stop_reason == "converged"
        assert result.member_offsets is None


def test_asking_the_members_changes_no_energy_force_or_stress():
    exact = load("facet-s", dtype=torch.float64, check=False)
    batch = build_batch([crystal_from(each) for _, each in crystals()], exact.cutoff, exact.dtype)
    plain, told = exact(batch), exact.telling_members()(batch)
    assert not isinstance(plain, MemberPrediction)
    for name in ("energy", "forces", "stress"):
        torch.testing.assert_close(getattr(told, name), getattr(plain, name), rtol=0, atol=1e-10)
    wanted = exact.member_energies(batch) - plain.energy[:, None]
    torch.testing.assert_close(told.member_offsets, wanted, rtol=0, atol=1e-9)
    assert not isinstance(exact(batch), MemberPrediction)


def test_a_batch_that_is_evaluated_in_parts_keeps_what_the_members_say(potential):
    settings = RelaxSettings(fmax=900.0, smax=1e6, max_batch_atoms=2)
    whole, parts = relaxed(potential), relaxed(potential, settings)
    for name, result in parts.items():
        np.testing.assert_allclose(result.member_offsets, whole[name].member_offsets, atol=1e-7)
