"""What a campaign takes, measured for ``benchmarks/plan.py`` in a process of its own.

    python benchmarks/plan_truth.py CRYSTALS --reference mp_hull.json.xz --elements ELEMENTS

Stores, relaxes and screens the crystals on the database that the environment names, and prints
times, sizes and counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.documents import RelaxationDoc
from db.indexes import ensure_indexes
from workflows.accounting import account
from workflows.campaign import work_of
from workflows.potentials import resident_potential
from workflows.screen import screen
from workflows.settings import CampaignSettings
from workflows.shards.run import relax_shard
from workflows.submit import submit

if TYPE_CHECKING:
    from db.client import MongoDatabase

SECONDS_TO_A_CHECKPOINT = 65.0
COLLECTIONS = ("structures", "candidates", "relaxations", "tasks", "campaigns", "references")


def main() -> None:
    """Run the campaign and print what that took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("crystals", type=Path, help="folder of crystals")
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--elements", type=Path, required=True)
    parser.add_argument("--device", help="where to relax; the processor if absent")
    asked = parser.parse_args()
    settings = CampaignSettings(
        candidates=(asked.crystals,),
        reference=asked.reference,
        element_energies=asked.elements,
        shard_size=500,
    )
    print(json.dumps(campaign(settings, asked.device)))


def campaign(settings: CampaignSettings, device: str | None) -> dict[str, Any]:
    """Store, relax and screen the candidates, and return what that took."""
    with open_database() as database:
        ensure_indexes(database)
        empty = on_disk(database)
        return relaxed_and_screened(database, settings, device) | {"bytes_on_disk_empty": empty}


def relaxed_and_screened(
    database: MongoDatabase, settings: CampaignSettings, device: str | None
) -> dict[str, Any]:
    """Run the campaign as `facet screen` does, one part after the other."""
    loading = Clock()
    potential = resident_potential(settings.potential, device=device)
    loaded = loading.read()
    submitting = Clock()
    stored = submit(database, settings).campaign
    work = work_of(database, stored)
    submitted = submitting.read()
    relaxing = Clock()
    ends = relax_shard(database, work.missing, potential, settings.relax, stored).ends
    relaxed = relaxing.read()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before = sizes(database)
    screening = Clock()
    finished = screen(database, stored.campaign_id)
    found = database[RelaxationDoc.collection].find({}, {"num_steps": 1})
    counts = {name: database[name].estimated_document_count() for name in COLLECTIONS}
    return {
        "loading": loaded,
        "submitting": submitted,
        "relaxing": relaxed,
        "screening": screening.read(),
        "num_steps": sum(each["num_steps"] for each in found),
        "ends": dict(ends),
        "counts": finished.counts,
        "documents": counts,
        "sizes_before_screening": before,
        "sizes": sizes(database),
        "bytes_on_disk": on_disk(database),
        "peak_mib": peak,
        "account": account(database, stored.campaign_id),
    }


class Clock:
    """Takes time by the clock and of the processor."""

    def __init__(self) -> None:
        self._wall, self._processor = perf_counter(), process_time()

    def read(self) -> dict[str, float]:
        """Seconds since then."""
        return {
            "wall": perf_counter() - self._wall,
            "processor": process_time() - self._processor,
        }


def sizes(database: MongoDatabase) -> dict[str, int]:
    """Bytes of the documents of each collection, before compression."""
    told = {}
    for name in (*COLLECTIONS, "blobs.chunks"):
        told[name] = int(database.command("collStats", name)["size"])
    return told


def on_disk(database: MongoDatabase) -> dict[str, int]:
    """Bytes of the files of data and indexes, after the server has written them out."""
    sleep(SECONDS_TO_A_CHECKPOINT)
    told = database.command("dbStats")
    return {"data": int(told["storageSize"]), "indexes": int(told["indexSize"])}


if __name__ == "__main__":
    main()
