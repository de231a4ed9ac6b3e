import io
import lzma
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.gates.geometry import measure_geometry
from screening.gates.outcome import GateStatus
from screening.gates.structural import coordination, distances, volume
from screening.rules import FlagRule
from screening.verdict import Evidence

SHARED = Path(__file__).parents[4] / "shared" / "data"


def salt(length: float = 5.69) -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(length), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def statuses(structure: Structure) -> list[str]:
    evidence = Evidence("converged", "", 0.0, None, None, geometry=measure_geometry(structure))
    return [gate(evidence, FlagRule()).status for gate in (volume, distances, coordination)]


def test_rock_salt_is_as_wide_as_its_ions_say():
    geometry = measure_geometry(salt())
    assert geometry.shortest_pair == "Cl-Na"
    assert geometry.shortest_distance == pytest.approx(5.69 / 2)
    assert geometry.shortest == pytest.approx(5.69 / 2 / (1.66 + 1.02))
    assert geometry.volume_ratio == pytest.approx(
        5.69**3 / 4 / (4 / 3 * np.pi * (1.66**3 + 1.02**3))
    )
    assert geometry.most_neighbors == 18  # six ions, and twelve sodium ions within reach


def test_any_cell_of_a_crystal_measures_the_same():
    other = salt()
    other.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    one, two = measure_geometry(salt()), measure_geometry(other)
    assert one.most_neighbors == two.most_neighbors
    assert [one.volume_ratio, one.shortest, one.farthest] == pytest.approx(
        [two.volume_ratio, two.shortest, two.farthest]
    )


def test_sane_crystals_pass():
    assert statuses(salt()) == [GateStatus.PASSED] * 3


def test_collapsed_crystals_fail():
    assert GateStatus.FAILED in statuses(salt(3.2))


def test_crystals_that_have_fallen_apart_fail():
    assert statuses(salt(16.0))[0] is GateStatus.FAILED
    assert statuses(salt(12.0))[2] is GateStatus.FAILED


def test_a_loose_atom_in_a_sound_crystal_fails():
    crystal = salt()
    slab = Structure(
        Lattice.orthorhombic(5.69, 5.69, 24.0),
        crystal.species,
        crystal.cart_coords,
        coords_are_cartesian=True,
    )
    assert statuses(slab)[2] is GateStatus.PASSED
    slab.append("H", [0.0, 0.0, 14.0], coords_are_cartesian=True)
    assert statuses(slab)[2] is GateStatus.FAILED


def test_overlapping_atoms_fail_though_nothing_else_is_amiss():
    crystal = salt()
    crystal.append("H", [0.1, 0.0, 0.0])
    assert statuses(crystal)[1] is GateStatus.FAILED


def test_a_lone_noble_gas_atom_may_be_lonely():
    argon = Structure(Lattice.cubic(5.3), ["Ar"] * 4, salt().frac_coords[:4])
    assert measure_geometry(argon).farthest == 1.0
    assert statuses(argon) == [GateStatus.PASSED] * 3


def test_an_element_of_unknown_radius_is_measured_all_the_same():
    lawrencium = Structure(Lattice.cubic(3.5), ["Lr"], [[0, 0, 0]])
    assert measure_geometry(lawrencium).volume_ratio > 0


@pytest.mark.slow
def test_known_crystals_hardly_ever_fail():
    path = SHARED / "pool.npz.xz"
    if not path.exists():
        pytest.skip("the data beside the project lacks pool.npz.xz")
    with lzma.open(path) as file:
        pool = np.load(io.BytesIO(file.read()))
    ends, numbers, fractions = np.cumsum(pool["n"].astype(int)), pool["Z"], pool["frac"] / 2**20
    chosen = np.random.default_rng(3).permutation(len(ends))[:800]
    failed = 0
    for row in chosen:
        inside = slice(ends[row] - int(pool["n"][row]), ends[row])
        crystal = Structure(
            Lattice(pool["cell"][row].astype(float)), numbers[inside], fractions[inside]
        )
        failed += GateStatus.FAILED in statuses(crystal)
    assert failed / len(chosen) <= 0.005
