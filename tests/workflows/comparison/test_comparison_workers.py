"""One campaign, two environments, one database: each takes the shards that it can run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from workflow_samples import campaign_settings, run_whole

from db.documents import RelaxationDoc
from db.embedded import find_mongod
from facet.interop.mace_models import MACE_MP_0_SMALL
from workflows.comparison.maker import CompareMaker
from workflows.comparison.peers import peers_named
from workflows.comparison.request import CompareSettings
from workflows.comparison.run import compare
from workflows.environments.checks import check, weights_of
from workflows.environments.places import python_of
from workflows.launch import add_flow, launchpad

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"),  # spglib's
]

SECONDS = 300.0


def work(python, category, folder, mongod):
    """Let a worker of one environment take what it can, and leave."""
    command = [str(python), "-m", "workflows.cli.main", "worker", "--category", category]
    done = subprocess.run(
        [*command, "--exit-when-idle"],
        cwd=folder,
        env={**os.environ, "FACET_MONGOD": str(mongod)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_workers_of_two_environments_share_a_comparison_and_nothing_is_computed_again(
    facet_environment, database, tmp_path
):
    state = check("mace", loads=False)
    if state.faults:
        pytest.skip(" ".join(state.faults))
    campaign = run_whole(database, campaign_settings(tmp_path))
    peers = peers_named(["facet-s", f"mace:{weights_of('mace')}"])
    settings = CompareSettings(campaign.campaign_id, peers)
    flow = CompareMaker(shard_size=3).make(database, settings)
    add_flow(launchpad(database), flow, f"compare-{campaign.campaign_id}")
    mongod = find_mongod(facet_environment.mongod).path
    of_mace = {"potential_fingerprint": MACE_MP_0_SMALL}
    work(sys.executable, "facet", tmp_path, mongod)
    assert database[RelaxationDoc.collection].count_documents(of_mace) == 0
    work(python_of("mace"), "mace", tmp_path, mongod)
    assert database[RelaxationDoc.collection].count_documents(of_mace) == 7
    report = compare(database, settings)
    assert report["is_all_known"]
    assert report["potentials"][1]["num_relaxed"] == 4
    assert report["pairs"][0]["summary"]["num_both_converged"] == 5
