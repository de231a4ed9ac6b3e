import json

import pytest
from pymatgen.core.composition import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from screening.element_energies import load_element_energies
from screening.errors import ScreeningError


def entry(formula: str, energy: float, run_type: str = "GGA") -> dict:
    parameters = {"run_type": run_type, "hubbards": {}}
    return ComputedEntry(
        Composition(formula), energy, parameters=parameters, entry_id=f"id-{formula}"
    ).as_dict()


def write(path, data):
    path.write_text(json.dumps(data))
    return path


@pytest.mark.filterwarnings("ignore:No Pauling electronegativity:UserWarning")
def test_entries_may_come_in_a_list_or_by_symbol(tmp_path):
    first = write(tmp_path / "a.json", [entry("Br4", -6.0), entry("Ne", -0.1)])
    second = write(tmp_path / "b.json", {"Br": entry("Br4", -6.0), "Ne": entry("Ne", -0.1)})
    assert load_element_energies(first) == load_element_energies(second) == {"Br": -1.5, "Ne": -0.1}


def test_the_lowest_polymorph_of_all_files_counts(tmp_path):
    first = write(tmp_path / "a.json", [entry("Br4", -6.0), entry("I2", -3.0)])
    second = write(tmp_path / "b.json", {"Br": {"energy_per_atom": [-1.4, -1.6], "structure": []}})
    assert load_element_energies(first, second) == {"Br": -1.6, "I": -1.5}
    assert load_element_energies(second, first) == {"Br": -1.6, "I": -1.5}


def test_a_compound_among_the_elements_is_named(tmp_path):
    with pytest.raises(ScreeningError, match=r"Entry id-NaCl in .* is no element"):
        load_element_energies(write(tmp_path / "a.json", [entry("NaCl", -6.0)]))


def test_elements_of_another_functional_are_refused(tmp_path):
    with pytest.raises(ScreeningError, match=r"entry id-Br4 \(run type R2SCAN"):
        load_element_energies(write(tmp_path / "a.json", [entry("Br4", -6.0, "R2SCAN")]))


@pytest.mark.parametrize("data", [[3], {"Br": {"x": 1}}, 3, {"Br": {"energy_per_atom": [None]}}])
def test_a_file_of_something_else_is_told_apart(tmp_path, data):
    with pytest.raises(ScreeningError, match="something other than pymatgen entries"):
        load_element_energies(write(tmp_path / "a.json", data))


def test_an_energy_that_is_no_number_is_refused(tmp_path):
    path = write(tmp_path / "a.json", {"Br": {"energy_per_atom": [float("nan")]}})
    with pytest.raises(ScreeningError, match="gives Br the energy nan"):
        load_element_energies(path)
