"""Comparisons from beginning to end, with an ASE calculator as the other potential."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from workflow_samples import (
    AT_REST,
    campaign_settings,
    cesium_chloride,
    fcc,
    rocksalt,
    run_whole,
    write_lines,
)

from db.client import MongoDatabase, open_database
from db.documents import CampaignDoc, RelaxationDoc
from db.settings import DbSettings
from facet.interop.mace_models import MACE_MP_0_SMALL
from workflows.comparison.disagreement import disagreements_in
from workflows.comparison.maker import CompareMaker, plain_settings, settings_from
from workflows.comparison.page import write_page
from workflows.comparison.peers import Peer, peers_named
from workflows.comparison.process import Side, SideLostError
from workflows.comparison.request import CompareSettings
from workflows.comparison.run import compare
from workflows.environments import EnvironmentMissingError, places, python_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"),  # spglib's
]

CALCULATOR = "ase:ase.calculators.lj:LennardJones"


class Compared(NamedTuple):
    """A campaign and what its first comparison said; tests add to the database, and take nothing.

    Attributes:
        database: Holds them.
        campaign: With relaxations of the bundled potential.
        settings: Of the comparison with ``CALCULATOR``.
        report: What it said.
        fingerprints: Of the potentials with relaxations after it.
    """

    database: MongoDatabase
    campaign: CampaignDoc
    settings: CompareSettings
    report: dict
    fingerprints: set


@pytest.fixture(scope="module")
def compared(mongo_home, tmp_path_factory):
    name = f"test_{uuid4().hex}"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FACET_MONGO_URI", raising=False)
        patch.setenv("FACET_HOME", str(mongo_home))
        patch.setenv("FACET_DATABASE", name)
        with open_database(DbSettings(mongo_uri=None, home=mongo_home, database=name)) as database:
            campaign = run_whole(database, campaign_settings(tmp_path_factory.mktemp("campaign")))
            peers = peers_named(["facet-s", CALCULATOR])
            settings = CompareSettings(campaign.campaign_id, peers)
            report = compare(database, settings)
            found = set(database[RelaxationDoc.collection].distinct("potential_fingerprint"))
            yield Compared(database, campaign, settings, report, found)
            database.client.drop_database(name)


def test_both_potentials_judge_the_same_crystals_and_a_second_run_computes_nothing(compared):
    database, campaign, settings, report, fingerprints = compared
    peers = settings.peers
    assert report["num_computed"] == {"facet-s": 0, "LennardJones (ASE)": 7}
    assert fingerprints == {each.fingerprint for each in peers}
    (pair,) = report["pairs"]
    by_name = {each["material_id"]: each for each in pair["crystals"]}
    assert len(by_name) == 5
    row = by_name["cu-au"]
    assert row["energy_difference"] == row["energy_per_atom"][1] - row["energy_per_atom"][0]
    assert row["rmsd"] == pytest.approx(0.0, abs=1e-6)
    assert row["disagreement"] == abs(row["energy_above_hull"][1] - row["energy_above_hull"][0])
    # The rules can weigh it from now on.
    kept = disagreements_in(database, campaign.campaign_id, peers[0].fingerprint)
    assert [each.size for each in kept["cu-au"]] == [row["disagreement"]]
    assert [each["hull"] for each in report["potentials"]] == ["its own energies"] * 2
    assert [each["is_one_by_one"] for each in report["potentials"]] == [False, True]
    speed = report["speed"]["by_potential"]["LennardJones (ASE)"]
    assert speed["num"] == 4
    assert speed["peak_mib"] > 10

    again = compare(database, settings)
    assert again["is_all_known"]
    assert again["pairs"] == report["pairs"]
    assert again["speed"]["by_potential"]["LennardJones (ASE)"] == speed


def test_energies_are_aligned_on_pool_crystals_that_are_not_compared(compared, tmp_path):
    pool = {f"{s}-{e}": fcc(s, e) for s in ("Cu", "Ag", "Au", "Pd") for e in (6.4, 6.6)}
    pool["same-formula"] = cesium_chloride("Cu", "Au", 4.4)
    pool["other-element"] = rocksalt("Na", "Cl")
    file = write_lines(tmp_path / "pool.jsonl", pool)
    report = compare(compared.database, replace(compared.settings, pool=file))
    alignment = report["pairs"][0]["alignment"]
    assert alignment["num_crystals"] == 8
    assert set(alignment["shifts_ev_per_atom"]) == {"29", "46", "47", "79"}
    rows = report["pairs"][0]["crystals"]
    assert all(each["aligned_difference"] is not None for each in rows)


def test_a_sample_compares_only_so_many(compared):
    settings = replace(compared.settings, sample=2, stratify="chemsys")
    report = compare(compared.database, settings)
    names = {each["material_id"] for each in report["pairs"][0]["crystals"]}
    assert len(names) == 2


def test_the_flow_sends_each_shard_to_workers_of_its_environment(compared):
    database, campaign = compared.database, compared.campaign
    ours = compared.settings.peers[0]
    mace = Peer(f"mace:/weights#{MACE_MP_0_SMALL}", "MACE", MACE_MP_0_SMALL, "mace")
    settings = CompareSettings(campaign.campaign_id, (ours, mace))
    flow = CompareMaker(shard_size=2).make(database, settings)
    categories = [each.config.manager_config["_category"] for each in flow.jobs]
    assert categories == ["mace"] * 4 + ["facet"]
    assert all(each.metadata["campaign_id"] == campaign.campaign_id for each in flow.jobs)
    assert settings_from(json.loads(json.dumps(plain_settings(settings)))) == settings


def test_the_command_prints_one_document_and_says_the_second_time_that_all_was_known(
    facet, facet_environment, tmp_path
):
    settings = campaign_settings(tmp_path)
    asked = ["compare", *settings.candidates, "--reference", settings.reference]
    asked += ["--with", CALCULATOR, "--fmax", AT_REST.fmax, "--smax", AT_REST.smax]
    page = tmp_path / "page.html"
    first = facet(*asked, "--json", "--html", page)
    assert first.code == 0, first.err
    assert first.document["num_computed"]["facet-s"] == 7
    assert "cu-au" in page.read_text()
    by_name = ["compare", "--campaign", first.document["campaign_id"], "--with", CALCULATOR]
    assert facet(*by_name, "--json").document["is_all_known"]
    assert "Nothing was computed: every relaxation was known." in facet(*asked).out


def test_a_page_holds_no_markup_of_the_input(compared, tmp_path):
    report = deepcopy(compared.report)
    report["pairs"][0]["crystals"][0]["material_id"] = "<b>bold</b>"
    write_page(report, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_rates_that_were_measured_in_different_ways_have_no_ratio(compared):
    by_potential = compared.report["speed"]["by_potential"]
    ours, theirs = (by_potential[each.label] for each in compared.settings.peers)
    assert ours["measured"].startswith("shares")
    assert theirs["measured"].startswith("processor time")
    assert theirs["first_is_faster_by"] is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--with", CALCULATOR], "Name either files of crystals or a campaign with --campaign."),
        (["x.cif", "--with", "mace:/nowhere"], "The weights /nowhere cannot be read"),
        (["x.cif", "--with", "mace:huge"], "knows no checksum for a MACE model 'huge'"),
        (["x.cif", "--with", "ase:nothing"], "names no calculator; write MODULE:FACTORY"),
        (["x.cif"], "A comparison needs different potentials"),
        (["x.cif", "--with", CALCULATOR], "Files of crystals need --reference"),
        (["x.cif", "--with", CALCULATOR, "--stratify", "luck"], "cannot be spread over 'luck'"),
    ],
)
def test_mistakes_are_one_sentence(facet, facet_environment, arguments, sentence):
    ended = facet("compare", *arguments)
    assert ended.code == 1
    assert sentence in ended.err
    assert ended.err.count("\n") == 1


def test_a_missing_environment_is_said_before_anything_is_stored(
    facet, facet_environment, database, tmp_path, monkeypatch
):
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    monkeypatch.setenv("FACET_HOME", str(tmp_path / "home"))
    weights = tmp_path / "mine.model"
    weights.write_bytes(b"weights")
    name = f"mace:{weights}#{hashlib.sha256(b'weights').hexdigest()}"
    settings = campaign_settings(tmp_path)
    asked = ["compare", *settings.candidates, "--reference", settings.reference, "--with", name]
    ended = facet(*asked)
    assert ended.code == 1
    assert "There is no environment 'mace'" in ended.err
    assert "`facet env make mace` builds it." in ended.err
    assert database[CampaignDoc.collection].count_documents({}) == 0
    assert facet(*asked, "--queue", "--json").document["categories"] == ["facet", "mace"]


def test_a_calculator_that_is_not_installed_is_one_sentence():
    peer = Peer("ase:not_there.at_all:Make", "it", "0" * 64)
    with pytest.raises(SideLostError, match="cannot be imported"), Side(peer):
        pass


@pytest.mark.slow
def test_mace_relaxes_the_same_crystals_in_its_own_environment(compared):
    try:
        weights = python_of("mace").parents[1] / "mace_mp_small.model"
    except EnvironmentMissingError as error:
        pytest.skip(str(error))
    if not Path(weights).exists():
        pytest.skip(f"{weights} is not there; `facet env make mace` fetches it.")
    peers = peers_named(["facet-s", f"mace:{weights}"])
    database, campaign = compared.database, compared.campaign
    report = compare(database, CompareSettings(campaign.campaign_id, peers))
    assert report["potentials"][1]["fingerprint"] == MACE_MP_0_SMALL
    assert report["potentials"][1]["ends"] == {"converged": 4}
    found = database[RelaxationDoc.collection].find_one({"potential_fingerprint": MACE_MP_0_SMALL})
    assert found["versions"]["e3nn"] == "0.4.4"
