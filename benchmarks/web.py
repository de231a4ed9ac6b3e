"""Measure the table of the web service among a million synthetic candidates, as a browser meets it.

A private server in a throw-away folder is filled as ``benchmarks/queries.py`` fills it; `facet
serve` runs in a process of its own, and one client asks over loopback: every pair of condition and
order that is kept fast, pages far down the list, counts, and OPTIMADE filters. Times are those of
the client, from the request to the last byte of the answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from queries import facts, fill, options
from query_draws import Draws, pairs
from query_samples import Samples

from db.client import open_database
from db.filters import CandidateFilter, CandidateSort
from db.paging import token_after
from db.queries import candidates
from db.settings import DbSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.client import MongoDatabase

RESULTS = Path(__file__).parent / "results" / "web.json"
PAGE = 100
DEPTHS = (1_000, 10_000, 100_000)
TARGET = 150.0
"""Milliseconds for the 95th percentile of all pages of the table."""
FILTERS = (
    None,
    'elements HAS ALL "Li","O"',
    'elements HAS ANY "Li","Ti" AND nelements=3',
    'chemical_formula_reduced="O3SrTi"',
    "nelements=2",
    "nelements=4 AND nsites<=10",
    "_facet_energy_above_hull<=0.05",
    '_facet_verdict="flagged" AND elements HAS "Fe"',
)


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Fill, serve, ask, write the results, and leave nothing else behind."""
    asked = options(__doc__, 10, RESULTS).parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="facet-web-", dir=asked.folder) as home:
        settings = DbSettings(mongo_uri=None, home=Path(home), database="facet_benchmark")
        samples = Samples(asked.size, asked.seed)
        with open_database(settings) as database:
            stored = fill(database, samples)
            with served(settings) as client:
                told = {
                    **facts(asked, database),
                    "stored": stored,
                    **measure(client, database, samples, asked.draws),
                }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(told, indent=1) + "\n")
    show(told)
    return told


def environment_of(settings: DbSettings) -> dict[str, str]:
    """Return the environment of a process that is to open the same database."""
    return {
        **{name: each for name, each in os.environ.items() if not name.startswith("FACET_")},
        "FACET_HOME": str(settings.home),
        "FACET_DATABASE": settings.database,
    }


@contextmanager
def served(settings: DbSettings, **variables: str) -> Iterator[httpx.Client]:
    """Run the service in a process of its own, with further variables; yield a client of it."""
    environment = environment_of(settings) | variables
    command = [sys.executable, "-m", "workflows.cli.main", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(  # noqa: S603 (a command of ours)
        command, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        if process.stdout is None:
            raise RuntimeError("The service has no output to read its address from.")
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, timeout=120) as client:
            yield client
    finally:
        process.terminate()
        process.wait()


def measure(
    client: httpx.Client, database: MongoDatabase, samples: Samples, num_draws: int
) -> dict[str, Any]:
    """Time first pages of all pairs, deep pages, counts and OPTIMADE; milliseconds."""
    draws = Draws(samples, database, np.random.default_rng(samples.seed))
    everything = list(pairs())
    _page(client, CandidateFilter(), CandidateSort())  # the first answer waits for imports
    pages: dict[str, list[float]] = {}
    counts: list[float] = []
    for pair in everything:
        asked = [draws.filter_for(pair) for _ in range(num_draws)]
        pages[pair.label] = [_page(client, each, pair.sort) for each in asked]
        if pair.sort == CandidateSort():
            counts += [_time(client, "/api/candidates/count", _params(each)) for each in asked]
    deep = {str(depth): _deep(client, database, samples, depth, num_draws) for depth in DEPTHS}
    table = [each for times in pages.values() for each in times]
    table += [each for times in deep.values() for each in times]
    return {
        "table": _spread(table),
        "pages": {label: _spread(times) for label, times in pages.items()},
        "deep": {depth: _spread(times) for depth, times in deep.items() if times},
        "counts": _spread(counts),
        "optimade": {str(each): _optimade(client, each, num_draws) for each in FILTERS},
    }


def _page(
    client: httpx.Client, where: CandidateFilter, sort: CandidateSort, after: str | None = None
) -> float:
    order = {"sort": sort.field, "descending": sort.is_descending, "limit": PAGE}
    params = {**_params(where), **order, **({} if after is None else {"after": after})}
    return _time(client, "/api/candidates", params)


def _deep(
    client: httpx.Client, database: MongoDatabase, samples: Samples, depth: int, num_draws: int
) -> list[float]:
    """Pages that begin far down the list of the largest campaign, in every order."""
    where = CandidateFilter(campaign_id=samples.campaigns[0])
    times = []
    for field in ("energy_above_hull", "material_id", "nsites", "formula"):
        sort = CandidateSort.model_validate({"field": field})
        last = list(candidates(database, where, sort, 1, skip=depth - 1))
        if last:
            after = token_after(last[0], sort)
            times += [_page(client, where, sort, after) for _ in range(num_draws)]
    return times


def _optimade(client: httpx.Client, text: str | None, num_draws: int) -> dict[str, float]:
    fields = "nsites,chemical_formula_reduced,_facet_energy_above_hull"
    params = {"response_fields": fields, **({} if text is None else {"filter": text})}
    return _spread([_time(client, "/optimade/v1/structures", params) for _ in range(num_draws)])


def _params(where: CandidateFilter) -> dict[str, Any]:
    return {name: each for name, each in where if each not in (None, ())}


def _time(client: httpx.Client, path: str, params: dict[str, Any]) -> float:
    plain = {name: list(each) if isinstance(each, tuple) else each for name, each in params.items()}
    start = time.perf_counter()
    client.get(path, params=plain).raise_for_status()
    return round(1000 * (time.perf_counter() - start), 2)


def _spread(times: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(times)), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
        "max": max(times),
    }


def show(told: dict[str, Any]) -> None:
    """Print the results as a table, the slowest pairs first."""
    print(f"{told['size']:,} candidates, {told['stored']}")
    print(f"{'milliseconds':60s} {'median':>8s} {'p95':>8s} {'max':>8s}")
    slowest = sorted(told["pages"].items(), key=lambda row: -row[1]["p95"])[:12]
    rows = [
        ("table, all pages", told["table"]),
        *((f"page at {depth}", each) for depth, each in told["deep"].items()),
        ("counts", told["counts"]),
        *((f"OPTIMADE {text}", each) for text, each in told["optimade"].items()),
        *slowest,
    ]
    for label, times in rows:
        print(f"{label:60s} {times['median']:8.1f} {times['p95']:8.1f} {times['max']:8.1f}")
    print(f"p95 of the table {told['table']['p95']} ms (target {TARGET})")


if __name__ == "__main__":
    main()
