"""One campaign, two environments, one database: who relaxes what, and what a second run computes.

    python benchmarks/one_database.py [--data ../shared/data] [--limit 40]

A campaign is submitted to a private mongod, and a comparison with MACE is queued. A worker of Facet
and one of MACE's environment take from the same queue at the same time; each can run only what its
category says. Then ``facet compare --campaign ID --with mace:PATH --json`` reports, twice: both
times it has to compute nothing. The counts are read from the database.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from machine import ROOT, hardware, revision

from db.client import open_database
from db.documents import RelaxationDoc
from db.embedded import find_mongod
from workflows.environments.checks import weights_of
from workflows.environments.places import python_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase

FACET = ("-m", "workflows.cli.main")
IDLE = "--exit-when-idle"


def main() -> None:
    """Submit, let both environments work, report twice, and print the counts."""
    given = parse_arguments()
    pythons = {"facet": Path(sys.executable), "mace": python_of("mace")}
    mace = f"mace:{weights_of('mace')}"
    with private_database() as database:
        asked = ["submit", str(given.candidates), "--reference", str(given.reference)]
        campaign = facet(*asked, "--limit", str(given.limit), "--shard-size", "20")
        by_name = ["compare", "--campaign", campaign["campaign_id"], "--with", mace]
        queued = facet(*by_name, "--queue")
        started = perf_counter()
        workers = [start(python, category) for category, python in pythons.items()]
        codes = [each.wait() for each in workers]
        facet_worker = start(pythons["facet"], "facet")  # the report, which waits for both
        codes.append(facet_worker.wait())
        seconds = perf_counter() - started
        reports = [facet(*by_name) for _ in range(2)]
        counts = counted(database)
    document = {
        **revision(),
        "hardware": hardware(),
        "crystals": campaign["crystals"],
        "jobs_of_the_comparison": queued["num_jobs_added"],
        "exit_codes_of_workers": codes,
        "seconds_of_workers": round(seconds, 1),
        **counts,
        "report": shown(reports[0]),
        "computed_by_the_first_report": reports[0]["num_computed"],
        "computed_by_the_second_report": reports[1]["num_computed"],
        "reports_are_equal": reports[0]["pairs"] == reports[1]["pairs"],
    }
    given.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=1))
    sys.exit(0 if is_as_promised(document) else 1)


def parse_arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--limit", type=int, default=40, help="candidates")
    results = ROOT / "benchmarks" / "results"
    parser.add_argument("--output", type=Path, default=results / "one-database.json")
    given = parser.parse_args()
    given.candidates = given.data / "campaign_substitution.extxyz.xz"
    given.reference = given.data / "mp_hull.json.xz"
    return given


@contextmanager
def private_database() -> Iterator[MongoDatabase]:
    """A database of its own, which every program started meanwhile finds too."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.pop("FACET_MONGO_URI", None)
        os.environ["FACET_HOME"] = home
        # MACE's environment brings no mongod of its own.
        os.environ["FACET_MONGOD"] = str(find_mongod(None).path)
        with open_database() as database:
            yield database


def facet(*arguments: str) -> dict[str, Any]:
    """Run a verb and return the document that it prints."""
    command = [sys.executable, *FACET, *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 (our own program)
    if done.returncode:
        sys.exit(f"facet {arguments[0]} ended with {done.returncode}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def start(python: Path, category: str) -> subprocess.Popen[bytes]:
    """Start a worker in an environment; it takes what it can run, and leaves."""
    command = [str(python), *FACET, "worker", "--category", category, IDLE]
    return subprocess.Popen(command)  # noqa: S603 (our own program)


def counted(database: MongoDatabase) -> dict[str, Any]:
    """Relaxations by e3nn's version, which tells the environments apart, and jobs by category."""
    relaxations = database[RelaxationDoc.collection].find(
        {}, {"potential_fingerprint": 1, "versions.e3nn": 1}
    )
    by_potential = Counter(
        f"{each['potential_fingerprint'][:12]} with e3nn {each['versions'].get('e3nn')}"
        for each in relaxations
    )
    jobs = Counter(
        f"{each['spec']['_category']}: {each['state']}"
        for each in database["fireworks"].find({}, {"spec._category": 1, "state": 1})
    )
    return {"relaxations": dict(by_potential), "jobs": dict(jobs)}


def shown(report: dict[str, Any]) -> dict[str, Any]:
    """What the paired report says in short."""
    (pair,) = report["pairs"]
    summary = pair["summary"]
    return {
        "pair": [pair["first"], pair["other"]],
        "num": summary["num"],
        "num_both_converged": summary["num_both_converged"],
        "energy_difference": summary["energy_difference"],
        "volume_change": summary["volume_change"],
        "stability_flips": len(summary["stability_flips"]),
        "flag_flips": len(summary["flag_flips"]),
    }


def is_as_promised(document: dict[str, Any]) -> bool:
    """Whether both environments worked and the reports computed nothing."""
    computed = [
        number
        for which in ("first", "second")
        for number in document[f"computed_by_the_{which}_report"].values()
    ]
    return not any(computed) and document["reports_are_equal"] and len(document["relaxations"]) > 1


if __name__ == "__main__":
    main()
