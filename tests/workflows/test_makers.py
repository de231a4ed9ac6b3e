"""Makers: where they run, what is stored of them, and that they fit into flows of others."""

from __future__ import annotations

import json
import time
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from jobflow import Flow, Job, JobStore, run_locally
from jobflow.managers.fireworks import flow_to_workflow
from maggma.stores import MemoryStore
from monty.json import MontyDecoder, MontyEncoder, jsanitize
from workflow_samples import AT_REST, alloys, campaign_settings, cesium_chloride, stored_relaxations

from db.campaigns import set_control
from db.documents import CampaignDoc, TaskDoc
from db.queries import documents_by_id
from facet.errors import CheckpointError
from facet.relaxation.settings import RelaxSettings
from facet.units import ev_per_cubic_angstrom_from_vasp_kilobar
from workflows.campaign import CampaignMaker, work_of
from workflows.duty import Duty, on_duty
from workflows.errors import UnfinishedError
from workflows.makers import FACET_CATEGORY
from workflows.progress import listening
from workflows.relax import FacetRelaxMaker, RelaxShardMaker
from workflows.screen import ScreenMaker
from workflows.submit import submit

pytestmark = [
    pytest.mark.integration,
    # Of jobflow's local manager.
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
]

MAKERS = [
    FacetRelaxMaker(settings=AT_REST.to_dict()),
    RelaxShardMaker(settings=AT_REST.to_dict(), campaign_id="c1"),
    ScreenMaker(),
    CampaignMaker(shard_size=3),
]


def kind(value):
    return type(value).__name__


def run_here(flow):
    """Run jobs or a flow in this process; return the outputs by uuid and index."""
    return run_locally(
        flow,
        store=JobStore(MemoryStore()),
        create_folders=False,
        log=False,
        raise_immediately=True,
    )


def output_of(responses, job):
    return responses[job.uuid][max(responses[job.uuid])].output


def as_jobflow_remote_stores(job):
    """Through the document and the files in which jobflow-remote hands a job to its worker."""
    document = jsanitize(job, strict=True, enum_values=True)
    return json.loads(json.dumps(document, cls=MontyEncoder), cls=MontyDecoder)


@pytest.fixture
def campaign(facet_environment, database, tmp_path):
    return submit(database, campaign_settings(tmp_path)).campaign


@pytest.mark.parametrize(
    ("maker", "field"),
    [(MAKERS[0], "potential"), (MAKERS[1], "campaign_id"), (MAKERS[3], "shard_size")],
    ids=["FacetRelaxMaker", "RelaxShardMaker", "CampaignMaker"],
)
def test_a_maker_is_frozen_but_for_its_name(maker, field):
    with pytest.raises(FrozenInstanceError, match=f"make another with {field}"):
        setattr(maker, field, None)
    copy = type(maker).from_dict(maker.as_dict())
    copy.name = "renamed"
    assert copy.name == "renamed"


@pytest.mark.parametrize("maker", MAKERS, ids=kind)
def test_a_maker_survives_serialization(maker):
    assert type(maker).from_dict(maker.as_dict()) == maker
    assert json.loads(json.dumps(maker, cls=MontyEncoder), cls=MontyDecoder) == maker


def test_one_structure_is_relaxed_by_a_job_of_its_own():
    structure = cesium_chloride("Cu", "Au", 3.0)
    settings = RelaxSettings(fmax=900.0, smax=1e6)
    job = FacetRelaxMaker(settings=settings.to_dict()).make(structure)
    output = output_of(run_here(job), job)
    assert output.stop_reason == "converged"
    assert output.structure.composition == structure.composition
    assert output.energy_per_atom == pytest.approx(output.energy / 2)
    assert np.shape(output.forces) == (2, 3)
    assert output.output.energy == output.energy
    back = [
        [ev_per_cubic_angstrom_from_vasp_kilobar(each) for each in row]
        for row in output.output.stress
    ]
    np.testing.assert_allclose(back, output.stress, rtol=1e-12)


def test_a_structure_that_cannot_be_relaxed_is_an_output_too():
    structure = cesium_chloride("Cu", "Og")
    job = FacetRelaxMaker().make(structure)
    output = output_of(run_here(job), job)
    assert output.stop_reason == "unsupported"
    assert output.structure == structure
    assert output.energy is output.forces is output.output.stress is None


def test_other_weights_than_asked_for_are_refused():
    job = FacetRelaxMaker(fingerprint="0" * 64).make(cesium_chloride("Cu", "Au"))
    with pytest.raises(CheckpointError, match="submitted with 000000000000"):
        run_here(job)


def test_a_campaign_runs_from_its_files_to_its_verdicts(facet_environment, database, tmp_path):
    flow = CampaignMaker(shard_size=3).make(campaign_settings(tmp_path))
    outputs = [
        response.output
        for by_index in run_here(flow).values()
        for response in by_index.values()
        if isinstance(response.output, dict)
    ]
    (screened,) = [each for each in outputs if "counts" in each]
    (campaign,) = documents_by_id(database, CampaignDoc, [screened["campaign_id"]])
    assert campaign.status == "finished"
    assert screened["num_relaxed"] == stored_relaxations(database) == 7
    assert sum(each["num_relaxed"] for each in outputs if "ends" in each) == 7


def test_a_flow_tells_queues_whose_it_is_and_how_urgent(campaign, database):
    urgent = campaign.model_copy(update={"priority": 4})
    flow = CampaignMaker(shard_size=3).rest(urgent, work_of(database, urgent).missing)
    for job in flow.jobs:
        assert job.metadata["campaign_id"] == campaign.campaign_id
        assert job.config.manager_config == {"_category": FACET_CATEGORY, "_priority": 4}


def test_a_flow_becomes_a_workflow_that_holds_ids_and_no_secret(campaign, database):
    flow = CampaignMaker(shard_size=3).rest(campaign, work_of(database, campaign).missing)
    workflow = flow_to_workflow(flow, store=None)
    text = json.dumps(workflow.as_dict(), default=str)
    assert len(workflow.fws) == 4
    assert {each.spec["_category"] for each in workflow.fws} == {FACET_CATEGORY}
    assert "mongodb://" not in text
    assert "lattice" not in text
    assert len(text) < 60_000


def test_a_flow_runs_after_it_was_stored_as_jobflow_remote_stores_it(campaign, database):
    flow = CampaignMaker(shard_size=3).rest(campaign, work_of(database, campaign).missing)
    jobs = [as_jobflow_remote_stores(job) for job in flow.jobs]
    assert all(isinstance(job, Job) for job in jobs)
    assert [job.uuid for job in jobs] == [job.uuid for job in flow.jobs]
    with JobStore(MemoryStore()) as store:
        responses = [job.run(store) for job in jobs]
    assert responses[-1].output["num_relaxed"] == 7
    assert "mongodb://" not in json.dumps([jsanitize(job, strict=True) for job in jobs])


def test_a_job_with_a_structure_survives_it_too():
    job = FacetRelaxMaker(settings=AT_REST.to_dict()).make(cesium_chloride("Cu", "Au"))
    again = as_jobflow_remote_stores(job)
    assert list(again.function_args) == list(job.function_args)
    assert output_of(run_here(again), again).stop_reason == "converged"


def run_alone(job):
    """Run one job as a queue's worker does, and return its response."""
    with JobStore(MemoryStore()) as store:
        return job.run(store)


def interrupted(job, duty):
    """Run a job whose duty ends as soon as one of its crystals has."""

    def end(_reason):
        duty.stop.set()
        time.sleep(0.4)  # until the heartbeat has seen it

    with on_duty(duty), listening(end):
        return run_alone(job)


def one_by_one(campaign):
    """Settings under which one crystal flies at a time."""
    return dict(campaign.relax_settings) | {"max_batch_atoms": 1}


def shard_of(campaign, database, **changes):
    fields = {
        "settings": one_by_one(campaign),
        "fingerprint": campaign.potential_fingerprint,
        "campaign_id": campaign.campaign_id,
    }
    missing = work_of(database, campaign).missing
    return RelaxShardMaker(**(fields | changes)).make(missing)


def test_a_job_that_has_to_stop_puts_another_in_its_place_for_the_rest(campaign, database):
    job = shard_of(campaign, database)
    job.config.manager_config = {"_category": FACET_CATEGORY, "_priority": 2}
    job.update_metadata({"campaign_id": campaign.campaign_id}, dynamic=False)
    response = interrupted(job, Duty("w", can_requeue=True))
    rest = response.replace.jobs[0] if isinstance(response.replace, Flow) else response.replace
    assert rest.uuid == job.uuid
    assert rest.index == job.index + 1
    assert rest.config.manager_config == job.config.manager_config
    assert rest.metadata["campaign_id"] == campaign.campaign_id
    assert rest.maker == job.maker
    before = stored_relaxations(database)
    assert 0 < before < 7
    output = run_alone(rest).output
    assert before + output["num_relaxed"] == stored_relaxations(database) == 7
    assert {each["status"] for each in database[TaskDoc.collection].find()} == {"done"}


def test_where_nobody_takes_up_the_rest_a_stopped_job_is_an_error(campaign, database):
    job = shard_of(campaign, database)
    with pytest.raises(UnfinishedError, match="the same command goes on"):
        interrupted(job, Duty("w"))
    assert 0 < stored_relaxations(database) < 7


def test_a_job_of_a_canceled_campaign_ends_its_flow(campaign, database):
    job = shard_of(campaign, database)
    set_control(database, campaign.campaign_id, "cancelled")
    with on_duty(Duty("w", can_requeue=True)):
        response = run_alone(job)
    assert response.stop_jobflow
    assert response.output["num_relaxed"] == 0


def test_a_job_of_a_paused_campaign_says_what_resumes_it(campaign, database):
    job = shard_of(campaign, database)
    set_control(database, campaign.campaign_id, "paused")
    with pytest.raises(UnfinishedError, match="`facet resume`"):
        run_alone(job)


def test_a_shard_for_nobody_in_particular_is_relaxed_too(campaign, database):
    job = shard_of(campaign, database, campaign_id="")
    assert output_of(run_here(job), job)["num_relaxed"] == 7
    assert len(alloys()) + 3 - 1 == 7  # three metals beside, and one candidate is there twice


def test_relaxations_fit_into_equations_of_state_of_atomate2():
    flows = pytest.importorskip("atomate2.common.flows.eos")
    maker = FacetRelaxMaker(settings=AT_REST.to_dict())
    eos = flows.CommonEosMaker(
        initial_relax_maker=maker, eos_relax_maker=maker, number_of_frames=2, postprocessor=None
    )
    flow = eos.make(cesium_chloride("Cu", "Au"))
    assert sum(job.name.startswith("Facet relax") or "EOS" in job.name for job in flow.jobs) >= 3


# atomate2's affair: it takes constants from where phonopy does not want them any more.
@pytest.mark.filterwarnings("ignore:phonopy.units:DeprecationWarning")
def test_relaxations_fit_into_phonons_of_atomate2():
    pytest.importorskip("phonopy", reason="atomate2's phonon flows need phonopy")
    pytest.importorskip("seekpath", reason="atomate2's phonon flows need seekpath")
    from atomate2.forcefields.flows.phonons import PhononMaker

    maker = PhononMaker(bulk_relax_maker=FacetRelaxMaker(), born_maker=None)
    flow = maker.make(cesium_chloride("Cu", "Au"))
    assert "Facet relax" in {job.name for job in flow.jobs}
