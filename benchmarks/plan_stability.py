"""What `facet plan` foretells of phonons and elastic constants beside what the short list takes.

    python benchmarks/plan_stability.py [--number 200]

The plan is made for a rule that asks for both; then the campaign is stored, relaxed and screened on
a private database, and the first 20 of its flagged candidates are measured twice: together, and in
shards of five as several workers would. Processor time counts, for the clock depends on who else
works on the machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from workflows.plan.request import PlanRequest

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CANDIDATES = DATA / "campaign_substitution.extxyz.xz"
HULL = DATA / "mp_hull.json.xz"
ELEMENTS = DATA / "2023-02-07-mp-elemental-reference-entries.json.gz"
GATES = {name: {"mode": "warn"} for name in ("dynamical", "elastic")}
STRAIN = 0.005


def main() -> None:
    """Plan, run, compare."""
    from db.client import open_database
    from screening.rules import FlagRule
    from workflows.plan.planning import make_plan
    from workflows.plan.request import PlanRequest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="candidates")
    asked = parser.parse_args()
    rule = FlagRule.from_dict({"gates": GATES})
    request = PlanRequest((CANDIDATES,), HULL, ELEMENTS, limit=asked.number, rule=rule)
    with tempfile.TemporaryDirectory() as name:
        os.environ["FACET_HOME"] = name
        os.environ.pop("FACET_MONGO_URI", None)
        told = make_plan(request)["stability"]
        print(f"foretold for {told['num_candidates']}, processor s: {told['processor_seconds']}")
        print(f"foretold, wall s: {told['seconds_one_device']}")
        with open_database() as database:
            measure(database, request)


def measure(database: MongoDatabase, request: PlanRequest) -> None:
    """Relax, screen, and measure the short list, together and in shards."""
    from db.indexes import ensure_indexes
    from workflows.campaign import work_of
    from workflows.potentials import resident_potential
    from workflows.screen import screen
    from workflows.shards.run import relax_shard
    from workflows.stability.maker import StabilityMaker
    from workflows.stability.measure import kinds_asked, short_list
    from workflows.stability.measuring import TOP, Wanted, measure_missing, missing_of
    from workflows.stability.settings import StabilitySettings
    from workflows.stability.shards import shards_of
    from workflows.submit import submit

    settings = request.campaign()
    if settings is None:
        raise SystemExit("A campaign needs a reference.")
    ensure_indexes(database)
    campaign = submit(database, settings).campaign
    potential = resident_potential(campaign.potential_name)
    missing = work_of(database, campaign).missing
    relax_shard(database, missing, potential, settings.relax, campaign)
    screen(database, campaign.campaign_id)
    rows = short_list(database, campaign.campaign_id, TOP)
    sites = sum(row.nsites or 0 for row in rows) / len(rows)
    print(f"short list: {len(rows)}, {sites:.1f} sites each")
    keys = [str(row.relaxation_id) for row in rows]
    for turn, size in enumerate((len(keys), StabilityMaker().shard_size)):
        other = StabilitySettings(strain=STRAIN * (1 + 1e-9 * turn))  # else it would be known
        wanted = Wanted(kinds_asked(request.rule), settings=other)
        wall, processor = perf_counter(), process_time()
        for shard in shards_of(keys, size):
            lacking = missing_of(database, shard, wanted)
            measure_missing(database, potential, lacking, wanted, lambda _: False)
        spent = process_time() - processor, perf_counter() - wall
        print(f"shards of {size}: processor {spent[0]:.1f} s, wall {spent[1]:.1f} s")


if __name__ == "__main__":
    main()
