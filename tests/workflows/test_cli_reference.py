"""``facet reference`` on a real mongod."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from pymatgen.entries.computed_entries import ComputedEntry
from workflow_samples import campaign_settings, run_whole

from db.documents import ReferenceDoc
from db.errors import DbError, MissingDocumentError
from db.reference_names import find_reference, give_name, reference_name

pytestmark = pytest.mark.integration

RECORDED = Path(__file__).parents[1] / "screening" / "data" / "materials_project_thermo.json"
KEY = "a-secret-key"
ELEMENTS = {"Na": -1.3, "Cl": -1.8, "K": -1.1}


def entry(formula, energy, name):
    made = ComputedEntry(formula, energy, entry_id=name)
    made.parameters = {"run_type": "GGA", "hubbards": {}}
    return made.as_dict()


@pytest.fixture
def entries(tmp_path, facet_environment):
    """Writes entries of Na, Cl and more, and returns the file."""

    def write(*more, file="entries.json"):
        elements = [entry(symbol, each, f"e-{symbol}") for symbol, each in ELEMENTS.items()]
        path = tmp_path / file
        path.write_text(json.dumps([*elements, *more]))
        return path

    return write


@pytest.fixture
def salt(entries):
    return entries(entry("Na1 Cl1", -6.7, "salt"))


@pytest.fixture
def recorded_client(monkeypatch):
    """The Materials Project's client, which answers from recorded documents."""
    recorded = json.loads(RECORDED.read_text())
    keys = []

    def search(*, chemsys=None, **_criteria):
        for each in recorded["documents"]:
            (first, *_) = each["entries"].values()
            if chemsys is None or "-".join(sorted(first["composition"])) in chemsys:
                yield each

    class Rester:
        db_version = recorded["db_version"]
        materials = SimpleNamespace(thermo=SimpleNamespace(search=search))

        def __init__(self, key, **_options):
            keys.append(key)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    module = ModuleType("mp_api.client")
    module.MPRester = Rester
    monkeypatch.setitem(sys.modules, "mp_api", ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", module)
    monkeypatch.setenv("MY_KEY", KEY)
    return keys


def test_a_reference_is_built_with_all_that_is_said_of_it(facet, database, salt):
    asked = ("--name", "salts", "--date", "2026-11-01", "--license", "CC-BY-4.0", "--json")
    told = facet("reference", "build", salt, *asked).document
    assert (told["name"], told["date"], told["license"]) == ("salts", "2026-11-01", "CC-BY-4.0")
    assert (told["scheme"], told["num_phases"], told["num_omitted"]) == ("MP2020", 4, 0)
    assert told["pymatgen_version"][:2] == "20"
    assert find_reference(database, "salts").reference_id == told["reference_id"]
    assert find_reference(database, told["reference_id"][:10]).name == "salts"


def test_building_twice_stores_one_reference(facet, database, salt):
    first = facet("reference", "build", salt, "--name", "salts", "--json").document
    again = facet("reference", "build", salt, "--name", "salts", "--json").document
    assert first == again
    assert database[ReferenceDoc.collection].count_documents({}) == 1
    assert reference_name(database, "salts").previous == ()


def test_a_name_is_not_given_twice(facet, salt, entries):
    facet("reference", "build", salt, "--name", "salts")
    other = entries(entry("K1 Cl1", -6.9, "sylvite"), file="other.json")
    told = facet("reference", "build", other, "--name", "salts")
    assert told.code == 1
    assert "stands for another reference already" in told.err


def test_a_reference_is_shown_with_the_phases_of_a_system(facet, entries):
    high = entry("Na1 Cl3", -7.0, "poor")
    path = entries(
        entry("Na1 Cl1", -6.7, "salt"), entry("Na2 Cl2", -12.0, "high"), high, entry("K1", 9, "up")
    )
    facet("reference", "build", path, "--name", "salts")
    told = facet("reference", "show", "salts", "--chemsys", "Cl-Na", "--json").document
    assert told["is_current"]
    on_hull = {row["phase_id"] for row in told["phases"] if row["is_on_hull"]}
    assert on_hull == {"e-Na", "e-Cl", "salt"}
    heights = {row["phase_id"]: row["energy_above_hull"] for row in told["phases"]}
    assert heights["high"] == pytest.approx(0.35)
    assert set(heights) == on_hull | {"high", "poor"}
    assert "salt" in facet("reference", "show", "salts", "--chemsys", "Cl-Na").out


def test_a_system_that_the_reference_does_not_know_is_told(facet, salt):
    facet("reference", "build", salt, "--name", "salts")
    told = facet("reference", "show", "salts", "--chemsys", "Na-Xx")
    assert told.code == 1
    assert "'salts' knows nothing of Xx" in told.err


def test_what_is_not_stored_is_told_in_one_sentence(facet, facet_environment):
    told = facet("reference", "show", "nothing")
    assert told.code == 1
    assert "no reference of the name or id 'nothing'" in told.err
    assert told.err.count("\n") == 1
    assert facet("reference", "update", "nothing", "x.json").code == 1


def test_a_name_is_never_an_operator(facet, database, salt):
    told = facet("reference", "build", salt, "--name", "$where", "--json")
    assert told.code == 0
    assert find_reference(database, "$where").name == "$where"
    with pytest.raises(MissingDocumentError):
        find_reference(database, "$ne")


def test_an_update_shows_what_changes_before_it_writes(facet, database, salt, entries):
    before = facet("reference", "build", salt, "--name", "salts", "--json").document
    newer = entries(
        entry("Na1 Cl1", -6.8, "salt"), entry("K1 Cl1", -6.9, "sylvite"), file="newer.json"
    )
    shown = facet("reference", "update", "salts", newer, "--diff", "--json").document
    assert not shown["is_written"]
    assert [row["phase_id"] for row in shown["added"]] == ["sylvite"]
    (change,) = shown["changed"]
    assert change["after"]["formation_energy_per_atom"] - change["before"][
        "formation_energy_per_atom"
    ] == pytest.approx(-0.05)
    assert find_reference(database, "salts").reference_id == before["reference_id"]
    written = facet("reference", "update", "salts", newer, "--json").document
    assert {**shown, "is_written": True} == written
    assert find_reference(database, "salts").reference_id == written["after"]
    assert find_reference(database, before["reference_id"]).name == "salts"
    assert reference_name(database, "salts").previous == (before["reference_id"],)
    assert "0 added, 0 removed, 0 changed" in facet("reference", "update", "salts", newer).out


def test_the_list_tells_which_reference_a_name_stands_for(facet, salt, entries):
    facet("reference", "build", salt, "--name", "salts")
    newer = entries(entry("Na1 Cl1", -6.8, "salt"), file="newer.json")
    after = facet("reference", "update", "salts", newer, "--json").document["after"]
    rows = facet("reference", "list", "--json").document["references"]
    assert [row["name"] for row in rows] == ["salts", "salts"]
    assert [row["reference_id"] for row in rows if row["is_current"]] == [after]
    assert {row["num_phases"] for row in rows} == {4}
    assert "salts" in facet("reference", "list").out


def test_the_update_of_somebody_else_is_not_overwritten(facet, database, salt, entries):
    first = facet("reference", "build", salt, "--name", "salts", "--json").document["reference_id"]
    newer = entries(entry("Na1 Cl1", -6.8, "salt"), file="newer.json")
    facet("reference", "update", "salts", newer)
    stored = find_reference(database, first).model_copy(update={"reference_id": "0" * 64})
    with pytest.raises(DbError, match="stands for another reference"):
        give_name(database, stored, replaced=first)


def test_the_materials_project_is_asked_with_a_key_that_is_never_shown_or_stored(
    facet, database, recorded_client, facet_environment
):
    asked = ("--materials-project", "Na-Cl", "--key-from", "MY_KEY")
    told = facet("reference", "build", "--name", "mp", *asked, "--json")
    assert recorded_client == [KEY]
    assert told.document["num_phases"] == 3
    assert told.document["date"] == "2026.04.13"
    assert told.document["license"] == "CC-BY-4.0"
    assert KEY not in told.out + told.err
    for name in database.list_collection_names():
        assert KEY not in str(list(database[name].find()))


def test_without_a_key_it_is_said_where_one_is_had(facet, facet_environment, monkeypatch):
    monkeypatch.delenv("MP_API_KEY", raising=False)
    told = facet("reference", "build", "--name", "mp", "--materials-project", "Na-Cl")
    assert told.code == 1
    assert "There is no key for the Materials Project" in told.err


def test_a_reference_without_any_source_is_refused(facet, facet_environment):
    told = facet("reference", "build", "--name", "empty")
    assert told.code == 1
    assert "needs a source" in told.err


def test_entries_of_another_functional_are_left_out_with_the_reason(facet, entries):
    other = entry("K1 Cl1", -9.0, "scan")
    other["parameters"]["run_type"] = "r2SCAN"
    path = entries(entry("Na1 Cl1", -6.7, "salt"), other)
    told = facet("reference", "build", path, "--name", "salts", "--json").document
    assert set(told["omitted"]) == {"scan"}
    assert "r2SCAN" in told["omitted"]["scan"]


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING to false:DeprecationWarning")  # spglib
def test_the_hull_of_a_campaign_becomes_a_named_reference(
    facet, database, tmp_path, facet_environment
):
    campaign = run_whole(database, campaign_settings(tmp_path))
    source = f"campaign:{campaign.campaign_id}"
    told = facet("reference", "build", source, "--name", "alloys", "--json").document
    assert told["scheme"] == f"own+MP2020:{campaign.potential_fingerprint}"
    assert told["num_phases"] == 3
    assert source.removeprefix("campaign:") in told["source"]
