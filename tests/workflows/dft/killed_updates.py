"""A program that updates a campaign and is killed at a step, once for every line that it reads.

A line names campaign and step. The update runs in a fork, so that all of them share one start; the
answer is the status with which it ended. Killed is before a step, or inside it once half of what
it writes is written.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import islice

from db.client import open_database
from workflows.dft import loop, turns

SECONDS_OF_THE_DEAD = 0.5
"""How long a killed update keeps others waiting, a minute outside of tests."""

HALF = 3


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half_written(database, outcomes):
    written = loop_update_candidates(database, islice(outcomes, HALF))
    assert written.num_changed == HALF
    die()


loop_update_candidates = loop.update_candidates
STEPS = {
    "half of update_candidates": ("update_candidates", half_written),
    **{
        name: (name, die)
        for name in (
            "insert_references",
            "save_comparisons",
            "judged_anew",
            "update_candidates",
            "_save",
            "_forget",
        )
    },
}


def update(campaign_id: str, step: str) -> None:
    name, replaced = STEPS[step]
    setattr(loop, name, replaced)
    turns.SECONDS_TO_UPDATE = SECONDS_OF_THE_DEAD
    with open_database() as database:
        loop.update(database, campaign_id)


def main() -> None:
    for line in sys.stdin:
        campaign_id, step = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            update(campaign_id, step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
