import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.fingerprint import NUM_NEIGHBORS, TOLERANCE, fingerprint, may_be_copies


def rutile(length: float = 4.59) -> Structure:
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(length, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )


def test_distances_are_those_of_the_neighbors():
    structure = rutile()
    unit = (structure.volume / 6) ** (1 / 3)
    oxygen, titanium = fingerprint(structure).reshape(2, NUM_NEIGHBORS) * unit
    assert titanium[5] == pytest.approx(0.305 * 4.59 * 2**0.5)
    assert titanium[5] < 2.0 < titanium[6]  # six oxygen atoms first
    assert oxygen[2] < 2.0 < oxygen[3]  # three titanium atoms first


def test_cell_origin_and_size_change_nothing():
    other = rutile()
    other.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    other.translate_sites(list(range(len(other))), [0.1, 0.2, 0.3])
    other.scale_lattice(other.volume * 1.3)
    assert fingerprint(other) == pytest.approx(fingerprint(rutile()))


def test_it_moves_no_farther_than_atoms_do():
    structure = rutile()
    unit = (structure.volume / 6) ** (1 / 3)
    for seed in range(20):
        moved = structure.copy()
        step = np.random.default_rng(seed).normal(size=(6, 3))
        step *= 0.05 / np.linalg.norm(step, axis=1, keepdims=True)
        for index, vector in enumerate(step):
            moved.translate_sites([index], vector, frac_coords=False)
        assert np.abs(fingerprint(moved) - fingerprint(structure)).max() <= 2 * 0.05 / unit + 1e-9


def test_a_lone_atom_in_a_wide_cell_has_neighbors_at_the_end_of_reach():
    assert np.isfinite(
        fingerprint(Structure(Lattice.orthorhombic(2, 2, 90), ["C"], [[0, 0, 0]]))
    ).all()


def test_only_what_is_alike_is_worth_matching():
    first = fingerprint(rutile())
    others = np.array([first, first + 0.9 * TOLERANCE, first + 1.1 * TOLERANCE])
    assert may_be_copies(first, others).tolist() == [True, True, False]
    assert may_be_copies(first, np.empty((0, len(first)))).tolist() == []
