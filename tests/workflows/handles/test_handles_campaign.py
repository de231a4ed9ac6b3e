"""Campaigns as notebooks use them, on a real mongod."""

from __future__ import annotations

import subprocess
import sys
from uuid import uuid4

import pytest
from pymatgen.analysis.phase_diagram import PhaseDiagram
from workflow_samples import campaign_settings, run_whole

from db.client import open_database
from db.errors import DatabaseUnreachableError, DbError, MissingDocumentError, SettingsError
from db.filters import CandidateFilter
from db.queries import candidates
from db.settings import DbSettings
from screening.rules import FlagRule
from workflows import Campaign
from workflows.handles.diagram import reference_of_now

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def here(mongo_home, tmp_path_factory):
    """A database with a screened campaign of five alloys, and the environment that names it."""
    settings = DbSettings(mongo_uri=None, home=mongo_home, database=f"test_{uuid4().hex}")
    with pytest.MonkeyPatch.context() as patch, open_database(settings) as database:
        patch.delenv("FACET_MONGO_URI", raising=False)
        patch.setenv("FACET_HOME", str(settings.home))
        patch.setenv("FACET_DATABASE", settings.database)
        folder = tmp_path_factory.mktemp("campaign")
        yield database, run_whole(database, campaign_settings(folder))
        database.client.drop_database(database.name)


@pytest.fixture
def stored(here):
    """The stored campaign; no test changes it."""
    return here[1]


@pytest.fixture
def campaign(stored):
    """The same as an object."""
    with Campaign.open(stored.campaign_id) as opened:
        yield opened


@pytest.fixture
def twin(here):
    """A function that stores the campaign and a candidate of it under another id, for a while."""
    database, stored = here
    names = ("campaigns", "candidates")

    def call(campaign_id, source, verdict):
        changed = {"campaign_id": campaign_id, "source": source}
        database["campaigns"].insert_one(stored.model_copy(update=changed).to_mongo())
        where = CandidateFilter(campaign_id=stored.campaign_id, material_id="cu-au")
        (candidate,) = candidates(database, where)
        changed = {"campaign_id": campaign_id, "verdict": verdict}
        database["candidates"].insert_one(candidate.model_copy(update=changed).to_mongo())

    before = {name: [raw["_id"] for raw in database[name].find({}, {"_id": 1})] for name in names}
    yield call
    for name in names:
        database[name].delete_many({"_id": {"$nin": before[name]}})


def test_a_campaign_is_opened_by_id_by_its_beginning_or_by_its_input(stored):
    for name in (None, stored.campaign_id, stored.campaign_id[:6], stored.source):
        with Campaign.open(name) as opened:
            assert opened.campaign_id == stored.campaign_id
    for name in ("nothing", stored.campaign_id[:2], {"$ne": None}, "$where"):
        with pytest.raises(MissingDocumentError, match="shows those it holds"):
            Campaign.open(name)
    with pytest.raises(SettingsError, match="cannot be used"):
        Campaign.open(uri="no uri")
    with pytest.raises(DatabaseUnreachableError, match="No MongoDB server answers"):
        Campaign.open(uri="mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50")


def test_what_is_told_is_what_the_command_line_tells(campaign, stored, facet):
    named = ("--campaign", campaign.campaign_id, "--json")
    told = facet("status", *named).document
    timed = dict.fromkeys(("structures_per_second", "eta_seconds", "accounting"))
    assert campaign.status() | timed == told | timed
    assert campaign.account() == facet("account", campaign.campaign_id, "--json").document
    assert campaign.candidates().rows() == facet("query", *named).document
    assert campaign.rule == FlagRule.from_dict(stored.rule)
    assert campaign.summary["flagged"] == stored.counts["flagged"]
    assert [each.campaign_id for each in Campaign.list()] == [campaign.campaign_id]


def test_candidates_are_narrowed_and_ordered(campaign):
    def names(**asked):
        return [each.material_id for each in campaign.candidates(**asked)]

    assert set(names(chemsys="Au-Cu")) == {"cu-au", "au-cu-again"}
    assert set(names(formula="CuAu")) == {"cu-au", "au-cu-again"}
    assert names(elements_none=("Au", "Ag")) == ["cu-pd"]
    assert names(sort="material_id", descending=True, limit=2) == ["cu-pd", "cu-au"]
    ranked = campaign.candidates(flagged=True)
    assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
    assert len(campaign.candidates(limit=2)) == 2
    assert len(campaign.candidates(max_energy_above_hull=-1e6)) == 0
    assert {each.role for each in campaign.candidates(role="reference")} == {"reference"}


def test_user_text_never_becomes_an_operator(campaign):
    mistakes = (
        {"chemsys": {"$ne": None}},
        {"material_id": {"$gt": ""}},
        {"elements_all": ("$ne",)},
        {"formula": "$where"},
        {"nothing": 1},
        {"sort": "$natural"},
        {"limit": 0},
    )
    for asked in mistakes:
        with pytest.raises(DbError):
            campaign.candidates(**asked)
    assert len(campaign.candidates(material_id="$ne")) == 0


def test_a_condition_on_another_campaign_stays_in_this_one(campaign):
    assert len(campaign.candidates(campaign_id="another")) == 5


def test_candidates_come_as_a_table_and_as_crystals(campaign):
    table = campaign.candidates(sort="material_id").to_pandas()
    assert list(table.index) == ["ag-au", "au-cu-again", "cu-ag", "cu-au", "cu-pd"]
    assert table.loc["cu-au", "formula_pretty"] == "CuAu"
    empty = campaign.candidates(chemsys="Xe").to_pandas()
    assert list(empty.columns) == list(table.columns)
    crystals = {each.properties["material_id"]: each for each in campaign.candidates().structures()}
    assert set(crystals) == set(table.index)
    assert crystals["cu-pd"].composition.reduced_formula == "CuPd"
    same = campaign.candidates(chemsys="Cu-Au")
    assert len(list(same)) == len(list(same)) == 2


def test_what_users_wrote_is_escaped_in_a_page(twin):
    evil = "<script>alert(1)</script>"
    twin("0123456789ab", evil, evil)
    with Campaign.open("0123456789ab") as campaign:
        for shown in (campaign, campaign.candidates(), Campaign.list()):
            page = shown._repr_html_()
            assert "<script>" not in page
            assert "&lt;script&gt;" in page
        assert "5 candidates" in repr(campaign)
        assert repr(campaign.candidates(flagged=True)).endswith("with is_flagged=True>")


def test_a_hull_holds_phases_and_candidates(campaign):
    diagram = campaign.hull("Cu-Au")
    assert isinstance(diagram, PhaseDiagram)
    assert {each.symbol for each in diagram.elements} == {"Au", "Cu"}
    here = [each for each in diagram.all_entries if each.attribute["is_candidate"]]
    assert {each.name for each in here} == {"cu-au", "au-cu-again"}
    for each in here:
        above = diagram.get_e_above_hull(each, allow_negative=True)
        told = each.attribute["energy_above_hull"]
        assert above == pytest.approx(max(0.0, told), abs=1e-6)
    for text in ("", "Cu-Xx", "$ne", "H-He-Li-Be-B-C-N"):
        with pytest.raises(DbError, match="no chemical system"):
            campaign.hull(text)


def test_results_on_another_reference_are_no_part_of_the_hull(here):
    database, stored = here
    headline = reference_of_now(database, stored)
    other = headline.model_copy(update={"reference_id": "0" * 64})
    database["references"].insert_one(other.to_mongo())
    names = {"1" * 64: headline.reference_id, stored.reference_id: other.reference_id}
    for base, expected in names.items():
        learned = {"reference_id": other.reference_id, "base_reference_id": base}
        updated = stored.model_copy(update={"summary": {**stored.summary, "dft": learned}})
        assert reference_of_now(database, updated).reference_id == expected


def test_a_report_is_one_page(campaign, tmp_path):
    path = campaign.report(tmp_path / "report.html")
    assert campaign.campaign_id in path.read_text(encoding="utf-8")


def test_importing_the_package_stays_quick():
    code = "import sys, workflows; assert not {'torch', 'pymatgen', 'pymongo'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_means_several_campaigns_is_refused(stored, twin):
    twin("0123456789ab", stored.source, "flagged")
    with pytest.raises(DbError, match="means 2 campaigns"):
        Campaign.open(stored.source)
