"""The Materials Project's replies, written by hand in the form of its client's documents."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from screening.errors import ScreeningError
from screening.materials_project import (
    materials_project_reference,
    open_materials_project,
    subsystems,
)
from screening.reference import Coverage

RECORDED = Path(__file__).parent / "data" / "materials_project_thermo.json"


class RecordedClient:
    """Answers each search with the recorded documents of the systems that are asked for."""

    def __init__(self, documents=None):
        recorded = json.loads(RECORDED.read_text())
        self.db_version = recorded["db_version"]
        self.documents = recorded["documents"] if documents is None else documents
        self.searches = []
        self.materials = SimpleNamespace(thermo=SimpleNamespace(search=self.search))

    def search(self, *, chemsys=None, **criteria):
        self.searches.append((chemsys, criteria))
        return [each for each in self.documents if chemsys is None or system_of(each) in chemsys]


def system_of(document):
    (entry, *_) = document["entries"].values()
    return "-".join(sorted(entry["composition"]))


def test_everything_on_the_hull_becomes_a_reference_with_its_provenance():
    client = RecordedClient()
    made = materials_project_reference(client)
    assert made.describe() == {
        "name": "Materials Project",
        "scheme": "MP2020",
        "date": "2026.04.13",
        "license": "CC-BY-4.0 and CC-BY-NC-4.0",
        "source": "Materials Project API, GGA_GGA+U, database 2026.04.13",
        "pymatgen_version": made.pymatgen_version,
        "coverage": "all_known",
        "num_phases": 6,
        "num_elements": 4,
        "num_omitted": 4,
    }
    assert made.pymatgen_version[:2] == "20"
    ((chemsys, criteria),) = client.searches
    assert chemsys is None
    assert criteria["is_stable"]
    assert criteria["thermo_types"] == ["GGA_GGA+U"]


def test_corrections_are_applied_once_whatever_the_entry_brings():
    made = materials_project_reference(RecordedClient())
    formation = {each.phase_id: each.formation_energy_per_atom for each in made.phases}
    salt = (-6.7 - 0.614 + 2.6286 / 2 + 7.3 / 4) / 2
    assert formation["mp-22862"] == pytest.approx(salt)
    hematite = (-67.0 - 6 * 0.687 - 4 * 2.256 + 4 * 8.47 + 6 * 39.5 / 8) / 10
    assert formation["mp-19770-GGA+U"] == pytest.approx(hematite)


def test_every_entry_that_cannot_be_used_is_named_with_the_reason():
    omitted = materials_project_reference(RecordedClient()).omitted
    assert "Invalid U value of 0.0 on Fe" in omitted["mp-19770-GGA"]
    assert "Invalid U value of 4.0 on Fe" in omitted["mp-1279742"]
    assert "functionals do not mix on one hull" in omitted["mp-30"]
    assert "mp-643 came without an entry that can be read" in omitted["mp-643"]


def test_a_chemical_system_comes_with_all_systems_inside_it():
    assert subsystems(["Na-Cl", "O-Fe"]) == ["Cl", "Fe", "Na", "O", "Cl-Na", "Fe-O"]
    client = RecordedClient()
    made = materials_project_reference(client, ["Na-Cl"], max_energy_above_hull=0.1)
    assert {each.phase_id for each in made.phases} == {"mp-10172", "mp-22848", "mp-22862"}
    assert made.coverage is Coverage.SUPPLIED
    ((chemsys, criteria),) = client.searches
    assert chemsys == ["Cl", "Na", "Cl-Na"]
    assert criteria["energy_above_hull"] == (0.0, 0.1)
    assert "is_stable" not in criteria


def test_many_systems_are_asked_for_in_several_requests():
    client = RecordedClient()
    materials_project_reference(client, ["Na-Cl-H-Li-Be-B-C-N-O-F"])
    asked = [system for chemsys, _ in client.searches for system in chemsys]
    assert len(asked) == len(set(asked)) == 2**10 - 1
    assert max(len(chemsys) for chemsys, _ in client.searches) <= 400


def test_an_answer_without_anything_usable_is_told():
    with pytest.raises(ScreeningError, match="No entry of 'Materials Project' can be used"):
        materials_project_reference(RecordedClient([]))


def test_a_client_that_fails_is_told_without_its_words():
    client = RecordedClient()

    def search(**_):
        raise ConnectionError("X-API-KEY: secret")

    client.materials.thermo.search = search
    with pytest.raises(ScreeningError, match=r"could not be reached to search \(Conn") as caught:
        materials_project_reference(client)
    assert "secret" not in str(caught.value)


def test_the_client_is_opened_with_the_users_key_and_closed(monkeypatch):
    seen = []

    class Rester:
        def __init__(self, key, **options):
            seen.append((key, options))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.append("closed")

    module = ModuleType("mp_api.client")
    module.MPRester = Rester
    monkeypatch.setitem(sys.modules, "mp_api", ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", module)
    with open_materials_project(" key ") as client:
        assert isinstance(client, Rester)
        assert "closed" not in seen
    assert seen == [("key", {"use_document_model": False}), "closed"]


def test_what_goes_wrong_beside_the_client_is_not_blamed_on_it(monkeypatch):
    module = ModuleType("mp_api.client")
    module.MPRester = lambda key, **_: nullcontext(key)
    monkeypatch.setitem(sys.modules, "mp_api", ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", module)
    with pytest.raises(ZeroDivisionError), open_materials_project("key"):
        raise ZeroDivisionError


def test_without_the_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api", None)
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    with (
        pytest.raises(ScreeningError, match=r"pip install 'facet\[mp\]'"),
        open_materials_project("key"),
    ):
        pass


def test_an_empty_key_is_refused_before_anything_is_imported():
    with pytest.raises(ScreeningError, match="no key for"), open_materials_project(" "):
        pass
