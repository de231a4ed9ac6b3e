import math

import pytest
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.vasp.sets import MPRelaxSet

from screening.entries import HUBBARD_U, make_entry, plain_structure, run_type_and_hubbards
from screening.errors import ScreeningError


@pytest.mark.parametrize("anion", ["O", "F"])
def test_the_hubbard_table_is_that_of_mprelaxset(anion):
    assert MPRelaxSet.CONFIG["INCAR"]["LDAUU"][anion] == HUBBARD_U


@pytest.mark.parametrize(
    ("formula", "run_type", "hubbards"),
    [
        ("Fe2O3", "GGA+U", {"Fe": 5.3}),
        ("LiCoNiO4", "GGA+U", {"Co": 3.32, "Ni": 6.2}),
        ("FeF3", "GGA+U", {"Fe": 5.3}),
        ("Fe", "GGA", {}),
        ("FeS2", "GGA", {}),
        ("FeCl3", "GGA", {}),
        ("CaO", "GGA", {}),
        ("O2", "GGA", {}),
        ("FeOCl", "GGA+U", {"Fe": 5.3}),
    ],
)
def test_u_applies_where_oxygen_or_fluorine_is_most_electronegative(formula, run_type, hubbards):
    assert run_type_and_hubbards(Composition(formula)) == (run_type, hubbards)


def test_an_entry_carries_what_the_corrections_ask_for(rocksalt):
    entry = make_entry("x", rocksalt("Fe", "O"), -15.0)
    assert entry.parameters["run_type"] == "GGA+U"
    assert entry.parameters["hubbards"] == {"Fe": 5.3}
    assert entry.uncorrected_energy == -15.0
    assert entry.energy_adjustments == []


@pytest.mark.parametrize("energy", [math.nan, math.inf])
def test_an_energy_that_is_no_number_is_refused_by_name(rocksalt, energy):
    with pytest.raises(ScreeningError, match=r"The energy of bad-1 \(CaO\) is .*relax"):
        make_entry("bad-1", rocksalt("Ca", "O"), energy)


def test_charges_isotopes_and_site_properties_are_left_behind():
    dressed = Structure(
        Lattice.cubic(4.0),
        ["D+", "F-"],
        [[0, 0, 0], [0.5, 0.5, 0.5]],
        site_properties={"magmom": [1.0, 2.0]},
    )
    plain = plain_structure(dressed)
    assert [site.species_string for site in plain] == ["H", "F"]
    assert plain.site_properties == {}


def test_a_crystal_of_elements_and_positions_only_is_not_copied():
    crystal = Structure(Lattice.cubic(4.0), ["H", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert plain_structure(crystal) is crystal
    heavy = Structure(crystal.lattice, ["D", "F"], crystal.frac_coords)
    assert [site.species_string for site in plain_structure(heavy)] == ["H", "F"]
    charged = Structure(crystal.lattice, ["H", "F"], crystal.frac_coords, charge=1)
    assert plain_structure(charged) is not charged
    assert plain_structure(charged).charge == 0


def test_a_noble_gas_compound_makes_an_entry_without_a_warning():
    structure = Structure(Lattice.cubic(5.0), ["Ar", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert make_entry("ArF", structure, -5.0).parameters["run_type"] == "GGA"
