"""The flow of the Materials Project's Maker around our recording job."""

from __future__ import annotations

import pytest
from dft_samples import pair, store_candidate
from jobflow import Flow, OnMissing
from jobflow.managers.fireworks import flow_to_workflow

from workflows.dft.approval import Calculation, approve
from workflows.dft.follow_up_maker import DftFollowUpMaker, input_structure

pytestmark = pytest.mark.integration


@pytest.fixture
def follow_up(campaign, database):
    store_candidate(database, campaign, pair("Fe", "Al"), 99)
    (asked,) = approve(database, campaign, ["pair-99"], Calculation(), "ada")
    return asked


def test_the_default_is_two_relaxations_and_a_static_calculation_for_workers_with_vasp(follow_up):
    flow = DftFollowUpMaker(priority=2.5).make(follow_up)
    workflow = flow_to_workflow(flow, metadata={"follow_up_id": follow_up.follow_up_id})
    specs = {each.name: each.spec for each in workflow.fws}
    assert [each.name for each in workflow.fws] == [
        "MP GGA relax 1",
        "MP GGA relax 2",
        "MP GGA static",
        "record_follow_up",
    ]
    assert {spec["_priority"] for spec in specs.values()} == {2.5}
    assert specs.pop("record_follow_up")["_category"] == "facet"
    assert {spec["_category"] for spec in specs.values()} == {"vasp"}
    assert {spec["follow_up_id"] for spec in specs.values()} == {follow_up.follow_up_id}
    # Nothing of these specs may be taken for the relaxation jobs of a campaign.
    assert not any("campaign_id" in spec for spec in specs.values())


def test_a_flow_survives_serialization_and_its_recording_waits_for_no_missing_output(follow_up):
    again = Flow.from_dict(DftFollowUpMaker().make(follow_up).as_dict())
    closing = list(again.iterflow())[-1][0]
    assert closing.config.on_missing_references == OnMissing.NONE
    assert follow_up.follow_up_id in closing.function_args


def test_the_input_carries_the_moments_that_were_approved(follow_up):
    structure = input_structure(follow_up)
    assert structure.site_properties["magmom"] == [5.0, 0.6]
    assert structure.composition.reduced_formula == "AlFe"
