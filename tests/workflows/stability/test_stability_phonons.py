"""Phonons with known answers."""

from __future__ import annotations

from importlib.util import find_spec

import ase.build
import ase.units
import numpy as np
import pytest
from ase.data import atomic_masses
from pymatgen.io.ase import AseAtomsAdaptor
from stability_samples import LJ, SMALL, centered, fcc, layered, resting, simple_cubic

import workflows.stability.phonons as module
from facet.checkpoint import load
from facet.errors import ConfigError
from facet.graph.neighbors import Crystal
from facet.testing import HarmonicBonds, RaisesOn
from workflows.stability.phonons import phonons
from workflows.stability.rest import Fault
from workflows.stability.settings import StabilitySettings
from workflows.stability.supercells import wave_vectors

COPPER = 29


def of_springs(points, cell, springs):
    """Lowest frequencies in THz of a lattice of springs between twelve nearest neighbors."""
    steps = np.array([p for p in np.ndindex(3, 3, 3) if p != (1, 1, 1)]) - 1
    ways = steps @ cell
    lengths = np.linalg.norm(ways, axis=1)
    near = lengths < springs.rest_length + 0.01
    along = ways[near] / lengths[near, None]
    phases = 2 * np.pi * points @ steps[near].T
    dynamical = np.einsum("qr,ri,rj->qij", 1 - np.cos(phases), along, along)
    squares = np.linalg.eigvalsh(springs.stiffness * dynamical / atomic_masses[COPPER])
    return np.sqrt(np.abs(squares)) / (2 * np.pi) * 1000 * ase.units.fs


def test_frequencies_of_springs_are_those_of_the_textbook():
    springs = HarmonicBonds()
    crystals = resting(springs, {"fcc": fcc(edge=springs.rest_length * np.sqrt(2))})
    found = dict(phonons(springs, crystals, SMALL))["fcc"]
    points = wave_vectors(found.supercell.matrix)
    is_origin = np.abs(points - np.round(points)).max(axis=1) < 1e-9
    assert is_origin.sum() == 1
    expected = of_springs(points[~is_origin], crystals[0][1].cell, springs)
    assert found.lowest_commensurate == pytest.approx(expected.min(), rel=1e-3)
    between = of_springs(found.wave_vector[None], crystals[0][1].cell, springs)
    assert found.lowest_frequency == pytest.approx(between.min(), rel=1e-3)


def test_close_packings_of_such_atoms_are_stable_and_open_ones_are_not():
    stable = {"fcc": fcc(), "layered": layered("Cu", "Au")}
    unstable = {"sc": simple_cubic(), "bcc": centered("Ag", "Au")}
    found = dict(phonons(LJ, resting(LJ, {**stable, **unstable}), SMALL))
    assert all(found[name].lowest_frequency > 0 for name in stable)
    assert all(found[name].lowest_frequency < -0.5 for name in unstable)
    assert all(found[name].lowest_commensurate < -0.5 for name in unstable)


def test_one_poisoned_crystal_leaves_the_others_as_they_are():
    good, poisoned = resting(LJ, {"good": fcc(), "poisoned": fcc("He")})
    unknown = ("unknown", Crystal(np.array([150]), np.zeros((1, 3)), good[1].cell))
    alone = dict(phonons(LJ, [good], SMALL))["good"]
    found = dict(phonons(RaisesOn(LJ), [unknown, poisoned, good], SMALL))
    assert found["good"].lowest_frequency == pytest.approx(alone.lowest_frequency, abs=1e-6)
    assert "1 of its 1 displaced supercells could not be evaluated" in found["poisoned"].reason
    assert "a kernel failed" in found["poisoned"].reason
    assert isinstance(found["unknown"], Fault)
    assert "phonopy failed on this crystal alone" in found["unknown"].reason


def test_a_crystal_that_phonopy_refuses_is_told_of_even_where_it_is_the_last():
    ((_, good),) = resting(LJ, {"good": fcc()})
    unknown = Crystal(np.array([150]), np.zeros((1, 3)), good.cell)
    assert [name for name, _ in phonons(LJ, [("last", unknown)], SMALL)] == ["last"]


def test_the_bundled_potential_finds_common_crystals_stable():
    bulk = {
        "Cu": ase.build.bulk("Cu"),
        "Si": ase.build.bulk("Si"),
        "NaCl": ase.build.bulk("NaCl", "rocksalt", a=5.64),
    }
    potential = load("facet-s")
    structures = {name: AseAtomsAdaptor.get_structure(each) for name, each in bulk.items()}
    crystals = resting(potential, structures)
    assert len(crystals) == len(bulk)
    found = dict(phonons(potential, crystals, StabilitySettings(mesh_length=15.0)))
    assert all(each.lowest_frequency > 0 for each in found.values())
    # A fifth of the way to the edge of the zone, where neutrons see 5.1 THz.
    assert 1.0 < found["Cu"].lowest_commensurate < 5.1


def test_without_phonopy_one_sentence_names_the_extra(monkeypatch):
    def nowhere(name):
        return None if name == "phonopy" else find_spec(name)

    monkeypatch.setattr(module, "find_spec", nowhere)
    with pytest.raises(ConfigError, match=r"facet\[phonons\]"):
        next(phonons(LJ, [], SMALL))
