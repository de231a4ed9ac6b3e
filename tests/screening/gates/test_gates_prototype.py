import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.gates.prototype import compare_prototypes, prototype_label

# pymatgen calls spglib 2.8 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")


def rutile(cation: str = "Ti") -> Structure:
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.59, 2.96), [cation, "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )


def perovskite(shift: float = 0.0) -> Structure:
    sites = [[0.5, 0.5, 0.5], [0, 0, shift], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return Structure(Lattice.cubic(3.9), ["Ba", "Ti", "O", "O", "O"], sites)


def test_prototypes_have_the_names_that_people_know():
    assert prototype_label(rutile()) == "AB2_tP6_136_2_4"
    assert prototype_label(perovskite()) == "ABC3_cP5_221_1_1_3"


def test_chemistry_and_cell_do_not_change_the_prototype():
    other = rutile("Sn")
    other.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    other.translate_sites(list(range(len(other))), [0.1, 0.2, 0.3])
    assert prototype_label(other) == prototype_label(rutile())


def test_a_small_displacement_keeps_the_prototype_though_symmetry_falls():
    change = compare_prototypes(perovskite(), perovskite(0.04))
    assert change.before != change.after
    assert change.is_kept


def test_another_arrangement_is_another_prototype():
    before = rutile()
    after = Structure.from_spacegroup(
        "I4_1/amd", Lattice.tetragonal(3.785, 9.51), ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]
    )
    assert not compare_prototypes(before, after).is_kept


def test_a_crystal_without_a_symmetry_that_can_be_told_is_no_error():
    rng = np.random.default_rng(0)
    crowd = Structure(Lattice.cubic(0.3), ["Fe"] * 6, rng.random((6, 3)))
    assert prototype_label(crowd) is None
    assert compare_prototypes(rutile(), rutile("Sn")).before is not None
