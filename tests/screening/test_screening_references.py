import gzip
import json
import math

import pytest
from pymatgen.core.composition import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from screening.entries import run_type_and_hubbards
from screening.errors import MixedSchemes, ScreeningError
from screening.reference import Coverage
from screening.references import load_formation_energies, reference_from_energies

PHASES = [
    ("na", Composition("Na2"), -2.6),
    ("na-high", Composition("Na4"), -5.0),
    ("cl", Composition("Cl8"), -14.4),
    ("salt", Composition("Na4Cl4"), -27.2),
]


def element(symbol: str, energy: float) -> dict:
    composition = Composition(symbol)
    run_type, hubbards = run_type_and_hubbards(composition)
    parameters = {"run_type": run_type, "hubbards": hubbards}
    return ComputedEntry(composition, energy, parameters=parameters, entry_id=symbol).as_dict()


@pytest.fixture
def files(tmp_path):
    rows = {
        "mp-1": {"formula": "Na", "e_form": 0.0},
        "mp-2": {"formula": "Cl2", "e_form": 0.0},
        "mp-3": {"formula": "NaCl", "e_form": -2.1},
    }
    phases = tmp_path / "phases.json"
    phases.write_text(json.dumps(rows))
    elements = tmp_path / "my-elemental-reference-entries.json.gz"
    with gzip.open(elements, "wt") as stream:
        json.dump({"Na": element("Na", -1.3), "Cl": element("Cl", -1.8)}, stream)
    return phases, elements


def test_the_lowest_elemental_phase_sets_the_zero():
    reference = reference_from_energies("own", "own+MP2020:f", PHASES)
    assert reference.element_energies == {"Cl": pytest.approx(-1.8), "Na": pytest.approx(-1.3)}
    formation = {phase.phase_id: phase.formation_energy_per_atom for phase in reference.phases}
    assert formation == pytest.approx({"na": 0.0, "na-high": 0.05, "cl": 0.0, "salt": -1.85})
    assert {phase.formula for phase in reference.phases} == {"Na", "Cl2", "NaCl"}


def test_a_phase_without_its_element_is_left_out_with_a_sentence():
    phases = [*PHASES, ("kcl", Composition("KCl"), -6.0)]
    reference = reference_from_energies("own", "own+MP2020:f", phases)
    assert "K" not in reference.element_energies
    assert [phase.phase_id for phase in reference.phases] == ["na", "na-high", "cl", "salt"]
    assert "without an elemental phase of K: add one" in reference.omitted["kcl"]


def test_an_uncorrected_own_hull_is_refused():
    with pytest.raises(MixedSchemes):
        reference_from_energies("own", "PBE+U uncorrected", PHASES)


def test_a_phase_with_an_energy_that_is_no_number_is_named():
    phases = [*PHASES, ("broken", Composition("NaCl"), math.nan)]
    with pytest.raises(ScreeningError, match="The energy of broken in reference 'own' is nan"):
        reference_from_energies("own", "own+MP2020:f", phases)


def test_a_file_of_formation_energies_finds_its_elements_beside_it(files):
    reference = load_formation_energies(files[0])
    assert reference.name == "phases"
    assert reference.scheme == "MP2020"
    assert reference.coverage is Coverage.ALL_KNOWN
    assert reference.element_energies == {"Cl": pytest.approx(-1.8), "Na": pytest.approx(-1.3)}
    assert len(reference.phases) == 3


def test_without_elements_beside_it_the_reader_is_told_what_to_pass(files):
    files[1].unlink()
    with pytest.raises(ScreeningError, match="pass a file of pymatgen entries of the elements"):
        load_formation_energies(files[0])


def test_elements_may_lie_elsewhere(files, tmp_path):
    elsewhere = tmp_path / "deep" / "elements.json.gz"
    elsewhere.parent.mkdir()
    files[1].rename(elsewhere)
    assert load_formation_energies(files[0], elsewhere).element_energies["Na"] == -1.3


@pytest.mark.parametrize(
    "row", [{"formula": "NaCl"}, {"formula": "Na(", "e_form": 1}, {"e_form": -1.0}, None]
)
def test_an_unusable_row_is_named(files, row):
    files[0].write_text(json.dumps({"mp-9": row}))
    with pytest.raises(ScreeningError, match=r"Phase mp-9 in .*mend or remove it"):
        load_formation_energies(files[0])


@pytest.mark.parametrize("content", ["[]", "{}", "3"])
def test_a_file_without_rows_shows_the_form_that_is_expected(files, content):
    files[0].write_text(content)
    with pytest.raises(ScreeningError, match="holds no formation energies: give JSON"):
        load_formation_energies(files[0])


def test_the_known_phases_load_whole(known_phases):
    assert len(known_phases.phases) == 33_758
    assert len(known_phases.element_energies) == 89
    assert known_phases.element_energies["Br"] == pytest.approx(-1.63695, abs=1e-5)
