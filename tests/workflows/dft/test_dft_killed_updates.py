"""An update whose process is killed outright is made good by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dft_samples import RECORDED, give_result, store_campaign
from killed_updates import STEPS

from workflows.dft.approval import Calculation, approve
from workflows.dft.loop import update

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
KINDS = ("candidates", "follow_ups", "campaigns", "references")


@pytest.fixture
def campaign(facet_environment, database):
    """Twelve candidates, six of them with results that the first half of an update has seen."""
    campaign = store_campaign(database, 12)
    asked = approve(database, campaign, [f"pair-{at}" for at in range(6)], CALCULATION, "ada")
    for each in asked[:3]:
        give_result(database, each, formation=-0.3)
    update(database, campaign.campaign_id)
    for each in asked[3:]:
        give_result(database, each, formation=-0.3)
    return campaign


@pytest.fixture
def killed(facet_environment):
    """A process that forks an update for every line, and says how it ended."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "killed_updates.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"},
        text=True,
    )

    def at(campaign, step) -> int:
        process.stdin.write(f"{campaign.campaign_id}\t{step}\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    with process:
        yield at


CALCULATION = Calculation(RECORDED)


def contents(database):
    return {kind: list(database[kind].find({}, sort=[("_id", 1)])) for kind in KINDS}


def put_back(database, stored):
    for kind, rows in stored.items():
        database[kind].delete_many({})
        database[kind].insert_many(rows)


def test_a_kill_at_any_step_leaves_what_the_next_update_makes_whole(campaign, database, killed):
    before = contents(database)
    update(database, campaign.campaign_id)
    undisturbed = contents(database)
    assert undisturbed != before
    for step in STEPS:
        put_back(database, before)
        assert killed(campaign, step) == -signal.SIGKILL, step
        assert database["locks"].count_documents({}) == 1, step
        assert contents(database) != undisturbed or step == "_forget", step
        update(database, campaign.campaign_id)
        assert contents(database) == undisturbed, step
