"""Workers and the database are killed at random while a campaign runs; nothing may be lost.

    python benchmarks/chaos.py --structures 2000 --workers 4 --kills 25 --server-kills 2

Real ``facet worker`` processes share a private mongod. Kills come as the work proceeds, most of
them to workers that hold crystals. A worker that died is started again, as its supervisor would;
nobody else does anything. Every result that was seen must still be there in the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos_crystals import write_crystals
from chaos_herd import Herd
from machine import hardware, revision
from pymongo.errors import PyMongoError

from db.client import open_database
from db.documents import CampaignDoc, RelaxationDoc, TaskDoc
from db.embedded.folder import ServerFolder
from db.indexes import ensure_indexes
from db.patience import patiently
from db.settings import DbSettings
from facet.relaxation.settings import RelaxSettings
from workflows.campaign import CampaignMaker, work_of
from workflows.launch import add_flow, launchpad
from workflows.settings import CampaignSettings
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase

SETTINGS = RelaxSettings(fmax=0.1, smax=1.0)
SHARE_DISTURBED = 0.85
"""Of the work, during which kills come; the rest shows that all ends by itself."""

SHARE_OF_AIMED_KILLS = 0.8
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Plan:
    """How much of what happens.

    Attributes:
        structures: Candidates of the campaign; as many elements as occur come on top.
        workers: Processes side by side.
        kills: Workers killed.
        server_kills: Times that mongod is killed.
        lease: Seconds after which a silent worker's crystals are given to others.
        shard: Crystals of one job.
        seconds: Most that all of it may take.
        seed: Of what is random.
    """

    structures: int = 2000
    workers: int = 4
    kills: int = 25
    server_kills: int = 2
    lease: float = 10.0
    shard: int = 100
    seconds: float = 3600.0
    seed: int = 1


@dataclass
class Chaos:
    """One run, and what was seen of it."""

    plan: Plan
    folder: Path
    database: MongoDatabase
    herd: Herd
    rng: random.Random
    num_kills: int = 0
    num_aimed: int = 0
    num_server_kills: int = 0
    seen: dict[str, float] = field(default_factory=dict)

    def until_finished(self, campaign_id: str) -> str:
        """Disturb the run until the campaign is finished; return its last status."""
        deadline = time.monotonic() + self.plan.seconds
        status = "running"
        while status != "finished" and time.monotonic() < deadline:
            self.herd.keep_full()
            time.sleep(POLL_SECONDS)
            status = patiently(lambda: self._look(campaign_id), self.database)
            with suppress(PyMongoError):
                self._disturb()
        return status

    def _look(self, campaign_id: str) -> str:
        """Remember results that are new, and return how the campaign stands."""
        found = self.database[RelaxationDoc.collection].find({}, {"energy": 1})
        for each in found:
            self.seen.setdefault(each["_id"], each["energy"])
        raw = self.database[CampaignDoc.collection].find_one({"_id": campaign_id}, {"status": 1})
        return str(raw["status"]) if raw else "missing"

    def _disturb(self) -> None:
        """Kill a worker or the server when the work has come far enough for the next kill."""
        progress = len(self.seen) / self.plan.structures / SHARE_DISTURBED
        if _is_due(progress, self.num_kills, self.plan.kills):
            self._kill_a_worker()
        if _is_due(progress, self.num_server_kills, self.plan.server_kills):
            self._kill_the_server()

    def _kill_a_worker(self) -> None:
        names = self.database[TaskDoc.collection].distinct("lease.worker", {"status": "leased"})
        busy = [int(name.rsplit("-", 2)[1]) for name in names]
        is_aimed = self.rng.random() < SHARE_OF_AIMED_KILLS
        killed = self.herd.kill(busy if is_aimed else self.herd.pids, self.rng)
        if killed is not None:
            self.num_kills += 1
            self.num_aimed += killed in busy

    def _kill_the_server(self) -> None:
        pid = ServerFolder(self.folder / "mongo").pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.num_server_kills += 1


def _is_due(progress: float, number: int, most: int) -> bool:
    """Whether the next of some kills, evenly spread over the work, should come."""
    return number < most and progress > (number + 0.5) / most


def run(plan: Plan, folder: Path) -> dict[str, Any]:
    """Run a campaign in chaos and say what became of it.

    Args:
        plan: How much chaos.
        folder: Empty; becomes FACET_HOME.
    """
    with _environment(folder):
        settings = DbSettings(mongo_uri=None, home=folder, database="chaos")
        with open_database(settings, patience_seconds=120.0) as database:
            campaign, num_expected = submitted(database, plan, folder)
            herd = Herd(folder, plan.workers, plan.lease)
            chaos = Chaos(plan, folder, database, herd, random.Random(plan.seed))  # noqa: S311
            started = time.monotonic()
            try:
                status = chaos.until_finished(campaign)
                seconds = time.monotonic() - started
                drain = herd.drain()
            finally:
                herd.end()
            return {
                "status": status,
                "seconds": round(seconds, 1),
                "drain_seconds": round(drain, 2),
                "kills": chaos.num_kills,
                "kills_of_workers_with_crystals": chaos.num_aimed,
                "server_kills": chaos.num_server_kills,
                "worker_starts": herd.num_starts,
                **outcome(database, chaos.seen, num_expected),
            }


def outcome(database: MongoDatabase, seen: dict[str, float], expected: int) -> dict[str, Any]:
    """Count what is stored against what should be."""
    results = {
        each["_id"]: each
        for each in database[RelaxationDoc.collection].find({}, {"energy": 1, "structure_id": 1})
    }
    per_crystal = Counter(each["structure_id"] for each in results.values())
    tasks = list(database[TaskDoc.collection].find({}, {"status": 1, "losses": 1, "history": 1}))
    fireworks = Counter(each["state"] for each in database["fireworks"].find({}, {"state": 1}))
    return {
        "expected": expected,
        "results": len(results),
        "lost": expected - len(per_crystal),
        "duplicates": len(results) - len(per_crystal),
        "acknowledged_and_gone": len(seen.keys() - results.keys()),
        "overwritten": sum(results[key]["energy"] != seen[key] for key in seen.keys() & results),
        "tasks": dict(Counter(each["status"] for each in tasks)),
        "losses": sum(each["losses"] for each in tasks),
        "handed_back": sum(
            attempt["how"] == "handed_back" for each in tasks for attempt in each["history"]
        ),
        "set_aside": [
            [(attempt["how"], attempt["crowd"], attempt["worker"]) for attempt in each["history"]]
            for each in tasks
            if each["status"] == "set_aside"
        ],
        "fireworks": dict(fireworks),
    }


def submitted(database: MongoDatabase, plan: Plan, folder: Path) -> tuple[str, int]:
    """Store a campaign and its jobs; return its key and the number of its crystals."""
    ensure_indexes(database)
    candidates, reference = write_crystals(plan.structures, folder)
    settings = CampaignSettings(candidates=(candidates,), reference=reference, relax=SETTINGS)
    campaign = submit(database, settings).campaign
    work = work_of(database, campaign)
    flow = CampaignMaker(shard_size=plan.shard).rest(campaign, work.missing)
    add_flow(launchpad(database), flow, campaign.campaign_id)
    return campaign.campaign_id, work.num_structures


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Let worker processes find the private server in a folder."""
    before = dict(os.environ)
    os.environ.pop("FACET_MONGO_URI", None)
    os.environ |= {"FACET_HOME": str(folder), "FACET_DATABASE": "chaos", "OMP_NUM_THREADS": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Read the command line, run, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in vars(Plan()).items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/chaos.json"))
    told = vars(parser.parse_args())
    out = told.pop("out")
    with tempfile.TemporaryDirectory(prefix="facet-chaos-") as folder:
        found = run(Plan(**told), Path(folder))
    summary = {"hardware": hardware(), "revision": revision(), "plan": told, **found}
    out.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary, indent=1))
    faults = ("lost", "duplicates", "acknowledged_and_gone", "overwritten")
    sys.exit(any(summary[each] for each in faults) or summary["status"] != "finished")


if __name__ == "__main__":
    main()
