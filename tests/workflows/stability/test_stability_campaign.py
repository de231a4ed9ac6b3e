"""Stability as part of a campaign, on a real mongod."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest
from jobflow import Flow, JobStore
from maggma.stores import MemoryStore
from stability_samples import BOTH, LJ, SMALL, alloy_campaign, centered, fcc, layered
from workflow_samples import rows_of, run_whole

import workflows.stability.phonons as phonons_module
from db.documents import CampaignDoc
from db.documents.stability import StabilityDoc
from db.queries import documents_by_id
from db.stabilities import OF_RELAXATION, stabilities_find, stabilities_of
from facet.errors import ConfigError
from facet.graph.convert import crystal_from_structure
from facet.relaxation.settings import RelaxSettings
from screening.rules import FlagRule
from workflows.accounting import account
from workflows.campaign import CampaignMaker, run_campaign, work_of
from workflows.device_names import process_name
from workflows.duty import Duty, on_duty
from workflows.errors import UnfinishedError
from workflows.judging.again import flag
from workflows.potentials import resident_potential
from workflows.stability.maker import StabilityMaker
from workflows.stability.measure import measure_short_list
from workflows.stability.measuring import Wanted, measurements
from workflows.stability.rest import Fault, at_rest
from workflows.submit import submit

pytestmark = pytest.mark.integration

SILENT = FlagRule(max_energy_above_hull=1000.0)
NAME = "ase:stability_samples:make"


def num_stored(database):
    return database[StabilityDoc.collection].count_documents({})


def measure(database, campaign, top=20, kinds=("phonons", "elastic"), **heeding):
    wanted = Wanted(kinds, top, SMALL)
    return measure_short_list(database, campaign, resident_potential(NAME), wanted, **heeding)


def gates_of(row):
    return {each.name: each for each in row.gates}


def test_a_rule_that_asks_refuses_what_is_unstable_and_a_second_run_computes_nothing(
    facet_environment, database, tmp_path
):
    settings = alloy_campaign(tmp_path)
    campaign = run_whole(database, settings)
    rows = rows_of(database, campaign)
    assert (rows["stable"].verdict, rows["unstable"].verdict) == ("flagged", "unstable")
    assert (rows["stable"].rank, rows["unstable"].rank) == (1, None)
    assert campaign.counts["flagged"] == 1
    reasons = " ".join(rows["unstable"].reasons)
    assert "below the limit of -0.5: the crystal is dynamically unstable." in reasons
    assert "below the limit of 0: the crystal is elastically unstable." in reasons
    assert rows["stable"].evidence["lowest_frequency"] > 0
    assert gates_of(rows["stable"])["elastic"].status == "passed"
    assert num_stored(database) == 4
    before = {each.stability_id: each for each in _all(database)}
    again = run_whole(database, settings)
    assert again.counts == campaign.counts
    assert StabilityMaker().run(database, again).num_measured == 0
    assert {each.stability_id: each for each in _all(database)} == before


def _all(database):
    return [StabilityDoc.from_mongo(raw) for raw in database[StabilityDoc.collection].find()]


def test_candidates_that_fall_make_room_for_the_next_of_the_list(
    facet_environment, database, tmp_path
):
    settings = alloy_campaign(
        tmp_path,
        rule=BOTH,
        first=centered("Ag", "Au"),
        second=centered("Cu", "Au"),
        third=layered("Cu", "Ag"),
        fourth=layered("Cu", "Au"),
    )
    silent = replace(settings, rule=SILENT)
    campaign = run_whole(database, silent)
    assert num_stored(database) == 0
    assert all(row.is_flagged for row in rows_of(database, campaign).values())
    flag(database, campaign.campaign_id, BOTH)
    measure(database, campaign, top=1, kinds=("phonons",))
    rows = rows_of(database, campaign)
    measured = [row for row in rows.values() if row.evidence["lowest_frequency"] is not None]
    (first,) = [row for row in rows.values() if row.rank == 1]
    assert first in measured
    assert all(row.verdict == "unstable" for row in measured if row is not first)
    assert measure(database, campaign, top=1, kinds=("phonons",)).num_measured == 0


def test_a_crystal_that_cannot_be_measured_has_a_reason_and_the_others_their_numbers(
    facet_environment, database, tmp_path, monkeypatch
):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    make = phonons_module._phonopy

    def fails_on_silver(crystal, supercell):
        if 47 in crystal.species:
            raise ValueError("no silver today")
        return make(crystal, supercell)

    monkeypatch.setattr(phonons_module, "_phonopy", fails_on_silver)
    told = measure(database, campaign, kinds=("phonons",))
    assert (told.num_measured, told.num_faults, told.is_complete) == (2, 1, True)
    flag(database, campaign.campaign_id, BOTH)
    rows = rows_of(database, campaign)
    gate = gates_of(rows["unstable"])["dynamical"]
    assert gate.status == "warning"
    assert "could not be calculated" in gate.sentence
    assert "no silver today" in gate.sentence
    assert gate.sentence in rows["unstable"].reasons
    assert gates_of(rows["stable"])["dynamical"].status == "passed"
    assert gates_of(rows["stable"])["elastic"].sentence == "Not calculated."


def test_stopped_after_the_first_measurement_it_goes_on_with_the_rest(
    facet_environment, database, tmp_path
):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    told = measure(database, campaign, must_stop=lambda _: True)
    assert (told.num_measured, told.is_complete) == (1, False)
    rest = measure(database, campaign)
    assert (rest.num_measured, rest.is_complete) == (3, True)
    assert num_stored(database) == 4


def test_stopped_after_the_last_measurement_the_next_run_judges_by_it(
    facet_environment, database, tmp_path
):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    flag(database, campaign.campaign_id, BOTH)
    told = measure(database, campaign, must_stop=lambda _: num_stored(database) == 4)
    assert (told.num_measured, told.is_complete) == (4, False)
    assert rows_of(database, campaign)["unstable"].verdict == "flagged"
    rest = measure(database, campaign)
    assert (rest.num_measured, rest.is_complete) == (0, True)
    assert rows_of(database, campaign)["unstable"].verdict == "unstable"


def test_a_job_that_has_to_stop_says_how_to_go_on_or_leaves_the_rest_to_another(
    facet_environment, database, tmp_path
):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    assert flag(database, campaign.campaign_id, BOTH).num_flagged == (2, 2)
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    stop = Event()
    stop.set()
    with on_duty(Duty("me", stop=stop)), pytest.raises(UnfinishedError, match="facet stability"):
        run_campaign(database, campaign, work_of(database, campaign))
    assert num_stored(database) == 1
    store = JobStore(MemoryStore())
    store.connect()
    with on_duty(Duty("me", can_requeue=True, stop=stop)):
        response = StabilityMaker().make(campaign.campaign_id).run(store)
    assert [each.name for each in response.replace.jobs] == ["stability"]
    assert num_stored(database) == 2


def test_measurements_say_whose_expense_they_were_and_where_they_ran(
    facet_environment, database, tmp_path
):
    campaign = run_whole(database, alloy_campaign(tmp_path))
    for each in _all(database):
        assert each.campaign_id == campaign.campaign_id
        assert (each.device, each.device_id, each.process) == ("cpu", None, process_name())
    told = account(database, campaign.campaign_id)
    assert told["stability"]["num_measured"] == 4
    hours = told["relaxing_device_hours"] + told["stability"]["device_hours"]
    assert told["device_hours"] == pytest.approx(hours)
    # Another campaign finds it known, and pays nothing.
    again = run_whole(database, replace(alloy_campaign(tmp_path), limit=1))
    assert again.campaign_id != campaign.campaign_id
    assert account(database, again.campaign_id)["device_hours"] == 0


def test_bringing_a_crystal_to_rest_is_counted_with_its_first_measurement_only():
    crystals = {"a": crystal_from_structure(fcc("Cu"))}
    both = {"phonons": ["a"], "elastic": ["a"]}
    impatient = replace(RelaxSettings(), max_steps=0)
    first, second = measurements(LJ, crystals, both, SMALL, impatient)
    assert isinstance(first.found, Fault)
    assert first.found.seconds > 0
    assert second.found == first.found._replace(seconds=0.0)
    (rest,) = dict(at_rest(LJ, crystals.items(), SMALL.resting(impatient))).values()
    assert rest.reason == first.found.reason


def test_the_flow_has_the_job_only_where_the_rule_asks(facet_environment, database, tmp_path):
    campaign = submit(database, alloy_campaign(tmp_path)).campaign
    missing = work_of(database, campaign).missing
    flow = CampaignMaker(stability_maker=StabilityMaker(kinds=["elastic"], top=5)).rest(
        campaign, missing
    )
    names = [job.name for job in flow.jobs]
    assert names == ["relax shard", "screen", "stability"]
    again = Flow.from_dict(flow.as_dict()).jobs[-1].maker
    assert (again.kinds, again.top) == (["elastic"], 5)
    silent = campaign.model_copy(update={"rule": SILENT.to_dict()})
    assert [job.name for job in CampaignMaker().rest(silent, missing).jobs] == names[:2]


def test_a_rule_that_needs_phonopy_is_refused_before_anything_is_relaxed(
    facet_environment, database, tmp_path, monkeypatch
):
    campaign = submit(database, alloy_campaign(tmp_path)).campaign
    work = work_of(database, campaign)
    monkeypatch.setattr(phonons_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"facet\[phonons\]"):
        run_campaign(database, campaign, work)
    assert work_of(database, campaign) == work


def test_the_measurements_of_a_crystal_are_found_by_an_index(facet_environment, database, tmp_path):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    measure(database, campaign, kinds=("elastic",))
    keys = [str(row.relaxation_id) for row in rows_of(database, campaign).values()]
    assert {each.relaxation_id for each in stabilities_of(database, keys)} == set(keys)
    assert OF_RELAXATION.name in str(stabilities_find(keys).plan(database))


def test_the_verb_shows_numbers_with_their_verdicts(facet_environment, database, tmp_path, facet):
    campaign = run_whole(database, alloy_campaign(tmp_path, rule=SILENT))
    key = campaign.campaign_id
    refused = facet("stability", key)
    assert refused.code == 1
    assert "asks for neither phonons nor elastic constants" in refused.err
    told = facet("stability", key, "--elastic", "--json").document
    assert told["kinds"] == ["elastic"]
    assert told["num_measured"] == 2
    by_name = {each["material_id"]: each for each in told["candidates"]}
    assert by_name["stable"]["elastic"]["bulk_modulus"] > 0
    assert by_name["unstable"]["elastic"]["eigenvalues"][0] < 0
    assert by_name["stable"]["phonons"] is None
    assert {each["verdict"] for each in by_name.values()} == {"flagged"}
    larger = facet("stability", key, "--phonons", "--max-atoms", 64, "--json").document
    assert {each["phonons"]["num_atoms"] for each in larger["candidates"]} == {54}
    flag(database, key, BOTH)
    table = facet("stability", key, "--no-phonons")
    assert table.code == 0
    assert "0 measurements made now" in table.out
    assert "elastically" in table.out
    assert facet("stability", "0" * 12).code == 1
