"""Workers and crystals for the tests of operations."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING

from fireworks import FWorker
from fireworks.core.rocket_launcher import launch_rocket
from workflow_samples import alloys, metals

from facet.checkpoint import read_checkpoint, resolve, save_checkpoint
from workflows.duty import Duty, new_worker_name, on_duty
from workflows.launch import job_store, launchpad, use_job_store

if TYPE_CHECKING:
    from pathlib import Path

NUM_CRYSTALS = len(alloys()) - 1 + len(metals())
"""Different ones in the campaign of alloys: one of them is in the input twice."""


def work_all(database, most: int = 50) -> int:
    """Run what is ready, one job after the other, as a worker does; return how many ran."""
    pad = launchpad(database)
    duty = Duty(new_worker_name(), can_requeue=True, stop=Event())
    num_run = 0
    with use_job_store(job_store(database)), on_duty(duty), redirect_stdout(StringIO()):
        while num_run < most and launch_rocket(
            pad, FWorker("test", category="facet"), strm_lvl="CRITICAL"
        ):
            num_run += 1
    return num_run


def other_potential(path: Path) -> Path:
    """Write weights that differ from those of facet-s in one number, by little."""
    config, weights, card = read_checkpoint(resolve("facet-s"))
    name, first = next((key, each) for key, each in weights.items() if each.is_floating_point())
    weights[name] = first.clone()
    weights[name].view(-1)[0] *= 1.000001
    save_checkpoint(path, config, weights, card)
    return path


def status_of(facet, campaign_id):
    """What ``facet status`` says of a campaign."""
    return facet("status", "--campaign", campaign_id, "--json").document
