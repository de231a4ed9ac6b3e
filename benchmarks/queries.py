"""Measure every question that is kept fast, and counts, among a million synthetic candidates.

A private server in a throw-away folder is filled, restarted so that its memory is empty, asked once
each ("cold": the files are still in the memory of the system) and then with many values ("warm").
Times are those of the caller: round trips, decoding and validation included.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from machine import hardware, revision
from query_draws import Draws, Pair, pairs
from query_samples import Samples

from db.blocks import blocks
from db.client import open_database, server_facts
from db.documents import CandidateDoc, CandidateOutcome
from db.filters import CandidateFilter, CandidateSort
from db.indexes import ensure_indexes
from db.paging import token_after
from db.queries import candidates, count_up_to, counts_by
from db.settings import DbSettings
from db.writes import update_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from db.client import MongoDatabase

RESULTS = Path(__file__).parent / "results" / "queries.json"
PAGE = 100
BLOCK = 5_000
UPDATES = 10_000
DEEP = 10_000
P95_TARGET = 20.0
"""Milliseconds for the 95th percentile of all questions."""
PAGE_TARGET = 50.0
"""Milliseconds for the first page of each pair, 95th percentile."""


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Fill, measure, write the results, and leave nothing else behind."""
    asked = options(__doc__, 20, RESULTS).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="facet-queries-", dir=asked.folder) as home:
        settings = DbSettings(mongo_uri=None, home=Path(home), database="facet_benchmark")
        samples = Samples(asked.size, asked.seed)
        with open_database(settings) as database:
            stored = fill(database, samples)
        with open_database(settings) as database:
            told = {
                **facts(asked, database),
                "stored": stored,
                **measure(database, samples, asked.draws),
                "updates_per_second": updates_per_second(database, samples),
            }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(told, indent=1) + "\n")
    show(told)
    return told


def options(doc: str | None, draws: int, results: Path) -> argparse.ArgumentParser:
    """Return the options of a benchmark of stored candidates.

    Args:
        doc: What it is.
        draws: Values for each pair.
        results: File that it writes.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--size", type=int, default=1_000_000, help="candidates to store")
    parser.add_argument("--draws", type=int, default=draws, help="values for each pair")
    parser.add_argument("--seed", type=int, default=6, help="decides candidates and values")
    parser.add_argument("--folder", type=Path, help="where the server keeps its data meanwhile")
    parser.add_argument("--out", type=Path, default=results)
    return parser


def facts(asked: argparse.Namespace, database: MongoDatabase) -> dict[str, Any]:
    """Tell what was measured, and on what."""
    return {
        "size": asked.size,
        "seed": asked.seed,
        "mongod": server_facts(database).version,
        "hardware": hardware(),
        "revision": revision(),
    }


def fill(database: MongoDatabase, samples: Samples) -> dict[str, Any]:
    """Store the candidates, then make the indexes."""
    collection = database[CandidateDoc.collection]
    start = time.perf_counter()
    for block in blocks(samples, BLOCK):
        collection.insert_many(block, ordered=False)
    filled = time.perf_counter()
    ensure_indexes(database)
    sizes = database.command("collStats", CandidateDoc.collection)
    return {
        "bytes_per_candidate": sizes["avgObjSize"],
        "gigabytes": round(sizes["storageSize"] / 1e9, 3),
        "gigabytes_of_indexes": round(sizes["totalIndexSize"] / 1e9, 3),
        "num_indexes": sizes["nindexes"],
        "seconds_to_fill": round(filled - start, 1),
        "seconds_to_index": round(time.perf_counter() - filled, 1),
    }


def measure(database: MongoDatabase, samples: Samples, num_draws: int) -> dict[str, Any]:
    """Time first pages of all pairs, pages at depth, and counts; milliseconds."""
    draws = Draws(samples, database, np.random.default_rng(samples.seed))
    everything = list(pairs())
    cold = {pair: _page_time(database, draws, pair) for pair in everything}
    warm = {
        pair: [_page_time(database, draws, pair) for _ in range(num_draws)] for pair in everything
    }
    counted = {}
    for pair in everything:
        if pair.sort == CandidateSort():
            where = [draws.filter_for(pair) for _ in range(num_draws)]
            times = [_timed(lambda asked=each: count_up_to(database, asked)) for each in where]
            counted[pair.label] = _spread(times)
    return {
        "all_pages": _spread([each for times in warm.values() for each in times]),
        "all_cold": _spread(list(cold.values())),
        "pages": {pair.label: _spread(warm[pair]) | {"cold": cold[pair]} for pair in everything},
        "counts": counted,
        "deep": _deep(database, samples),
        "counts_by_status": _timed(
            lambda: counts_by(database, "status", CandidateFilter(campaign_id=samples.campaigns[0]))
        ),
    }


def updates_per_second(database: MongoDatabase, samples: Samples) -> float:
    """How many candidates learn a new distance to the hull in a second, with all indexes kept."""
    where = CandidateFilter(campaign_id=samples.campaigns[0], status="screened")
    keys = [each.candidate_id for each in candidates(database, where, limit=UPDATES)]
    outcomes = [
        (key, CandidateOutcome(energy_above_hull=0.3 + place * 1e-6, is_flagged=False, rank=None))
        for place, key in enumerate(keys)
    ]
    start = time.perf_counter()
    update_candidates(database, outcomes)
    return round(len(keys) / (time.perf_counter() - start))


def _page_time(database: MongoDatabase, draws: Draws, pair: Pair) -> float:
    where = draws.filter_for(pair)
    return _timed(lambda: list(candidates(database, where, pair.sort, PAGE)))


def _deep(database: MongoDatabase, samples: Samples) -> dict[str, float]:
    """A page far down the list of the largest campaign, by its place and by skipping."""
    where = CandidateFilter(campaign_id=samples.campaigns[0])
    depth = min(DEEP, samples.num_candidates // 10)
    sort = CandidateSort()
    last = list(candidates(database, where, sort, 1, skip=depth - 1))[-1]
    after = token_after(last, sort)
    return {
        "depth": depth,
        "after": _timed(lambda: list(candidates(database, where, sort, PAGE, after=after))),
        "skip": _timed(lambda: list(candidates(database, where, sort, PAGE, skip=depth))),
    }


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return round(1000 * (time.perf_counter() - start), 2)


def _spread(times: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(times)), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
        "max": max(times),
    }


def show(told: dict[str, Any]) -> None:
    """Print the results as a table, the slowest pair first."""
    print(f"{told['size']:,} candidates, {told['stored']}")
    print(f"{'milliseconds':60s} {'median':>8s} {'p95':>8s} {'max':>8s} {'cold':>8s}")
    rows = sorted(told["pages"].items(), key=lambda row: -row[1]["p95"])
    for label, times in (("all pages", told["all_pages"]), ("all cold", told["all_cold"]), *rows):
        cells = [
            f"{times[name]:8.1f}" for name in ("median", "p95", "max", "cold") if name in times
        ]
        print(f"{label:60s} {' '.join(cells)}")
    slow = [label for label, times in rows if times["p95"] > PAGE_TARGET]
    print(
        f"p95 of all {told['all_pages']['p95']} (target {P95_TARGET}); above {PAGE_TARGET}: {slow}"
    )
    for label, times in told["counts"].items():
        print(f"count: {label:53s} {times['median']:8.1f} {times['p95']:8.1f} {times['max']:8.1f}")
    print(f"deep {told['deep']}, counts by status {told['counts_by_status']} ms")
    print(f"{told['updates_per_second']} updates/s")


if __name__ == "__main__":
    main()
