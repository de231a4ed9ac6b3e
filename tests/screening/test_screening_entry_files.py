import gzip
import json
import math

import pytest
from pymatgen.core.composition import Composition
from pymatgen.entries.computed_entries import (
    CompositionEnergyAdjustment,
    ComputedEntry,
    ComputedStructureEntry,
)

from screening.corrections import mp2020_corrected, pymatgen_version
from screening.entries import make_entry, run_type_and_hubbards
from screening.entry_files import load_entries, reference_from_entries
from screening.errors import MissingReference, ScreeningError
from screening.hull import Hulls
from screening.plain_entries import plain_entry


def entry(name, formula, energy, **parameters):
    composition = Composition(formula)
    run_type, hubbards = run_type_and_hubbards(composition)
    parameters = {"run_type": run_type, "hubbards": hubbards, **parameters}
    return ComputedEntry(composition, energy, parameters=parameters, entry_id=name)


def salts():
    return [
        entry("na", "Na2", -2.6),
        entry("cl", "Cl4", -7.3),
        entry("salt", "NaCl", -6.7),
        entry("iron", "Fe", -8.5),
        entry("oxygen", "O2", -9.9),
        entry("hematite", "Fe4O6", -67.0),
    ]


@pytest.fixture
def write(tmp_path):
    def to_file(rows, name="known.json.gz"):
        with gzip.open(tmp_path / name, "wt") as stream:
            json.dump(rows, stream)
        return tmp_path / name

    return to_file


def plain(entries):
    return [each.as_dict() for each in entries]


def test_a_file_of_entries_becomes_a_corrected_reference(write):
    made = load_entries(write(plain(salts())), date="2026-11")
    assert (made.name, made.scheme, made.date) == ("known", "MP2020", "2026-11")
    assert made.pymatgen_version == pymatgen_version()
    formation = {each.phase_id: each.formation_energy_per_atom for each in made.phases}
    assert formation["hematite"] == pytest.approx(
        (-67.0 - 6 * 0.687 - 4 * 2.256 + 4 * 8.5 + 6 * 4.95) / 10
    )
    assert not made.omitted


def test_entries_may_come_by_id(write):
    rows = {f"my-{each.entry_id}": each.as_dict() for each in salts()}
    assert {each.phase_id for each in load_entries(write(rows)).phases} == rows.keys()


def test_the_order_of_entries_changes_nothing_but_their_order():
    forward = reference_from_entries("x", salts())
    backward = reference_from_entries("x", salts()[::-1])
    assert set(forward.phases) == set(backward.phases)
    assert forward.element_energies == backward.element_energies


def test_each_entry_that_pymatgen_would_silently_discard_is_named(write):
    odd = [
        entry("scan", "NaCl", -6.9, run_type="R2SCAN"),
        entry("weak-u", "Fe4O6", -69.0, hubbards={"Fe": 4.0}),
        entry("untold", "NaCl", -6.9, run_type=None),
        entry("nan", "NaCl", math.nan),
        entry("kcl", "KCl", -6.4),
    ]
    made = load_entries(write([*plain([*salts(), *odd]), {"entry_id": "torn"}, 3]))
    assert {each.phase_id for each in made.phases} == {each.entry_id for each in salts()}
    assert "run type R2SCAN" in made.omitted["scan"]
    assert "Invalid U value of 4.0 on Fe" in made.omitted["weak-u"]
    assert "run type None" in made.omitted["untold"]
    assert "energy of entry nan is nan" in made.omitted["nan"]
    assert "without an elemental phase of K" in made.omitted["kcl"]
    assert "torn is no pymatgen entry (KeyError: 'energy')" in made.omitted["torn"]
    assert "int where an object is expected" in made.omitted["entry-13"]
    with pytest.raises(MissingReference, match="no elemental energy for K"):
        Hulls(made).distance(Composition("KCl"), -6.4)


def test_elements_of_another_functional_leave_their_compounds_without_a_place():
    made = reference_from_entries(
        "mixed",
        [entry("na", "Na2", -2.6, run_type="R2SCAN"), *salts()[1:]],
    )
    assert "run type R2SCAN" in made.omitted["na"]
    assert "without an elemental phase of Na" in made.omitted["salt"]


def test_one_id_for_two_entries_is_refused_and_for_a_copy_is_not():
    assert len(reference_from_entries("x", [*salts(), *salts()]).phases) == len(salts())
    with pytest.raises(ScreeningError, match="different entries of the id salt"):
        reference_from_entries("x", [*salts(), entry("salt", "NaCl", -6.8)])


def test_a_second_entry_of_an_id_that_cannot_be_used_is_named_beside_the_first():
    made = reference_from_entries("x", [*salts(), entry("salt", "NaCl", math.nan)])
    assert "salt" in {each.phase_id for each in made.phases}
    assert "is nan" in made.omitted["salt (a second entry)"]


def test_entries_of_which_none_can_be_used_say_why():
    with pytest.raises(ScreeningError, match="No entry of 'x' can be used, the first because: MP"):
        reference_from_entries("x", [entry("scan", "NaCl", -6.9, run_type="R2SCAN")])


@pytest.mark.parametrize("rows", [[], {}, 3])
def test_a_file_of_something_else_is_told_what_to_hold(write, rows):
    with pytest.raises(ScreeningError, match="holds no entries: give a JSON list"):
        load_entries(write(rows))


def test_corrections_that_a_file_brings_are_made_anew_and_no_class_of_it_is_followed(rocksalt):
    made = make_entry("salt", rocksalt("Na", "Cl", 5.7), -6.7)
    adjustment = CompositionEnergyAdjustment(-5.0, 1.0, name="of another scheme")
    made.energy_adjustments = [adjustment]
    row = made.as_dict()
    row["data"] = {"@module": "os", "@class": "system", "oxide_type": None}
    row["structure"]["sites"][0]["properties"] = {"x": {"@module": "os", "@class": "system"}}
    again = plain_entry(row)
    assert isinstance(again, ComputedStructureEntry)
    assert again.energy == -6.7
    assert again.structure.site_properties == {}
    assert mp2020_corrected(again).total == pytest.approx(-6.7 - 0.614)


def test_an_entry_read_back_is_corrected_as_it_was(wbm_rows):
    for info, structure in wbm_rows[::25]:
        made = make_entry(info["id"], structure, info["energy_uncorrected"])
        assert mp2020_corrected(plain_entry(made.as_dict())) == mp2020_corrected(made)


def test_an_energy_belongs_to_the_composition_that_is_given_with_it(rocksalt):
    row = make_entry("salt", rocksalt("Na", "Cl", 5.7), -6.7).as_dict()
    row["composition"], row["energy"] = {"Na": 2.0, "Cl": 2.0}, -13.4
    again = plain_entry(row, "other")
    assert again.entry_id == "other"
    assert again.energy_per_atom == pytest.approx(-3.35)
