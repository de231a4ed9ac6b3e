"""Measure what one decision costs among few and among many candidates.

For each size a private server in a throw-away folder holds one screened campaign. Candidates are
approved, approved again and rejected through the web service, which runs in a process of its own,
and one by `facet approve`, which is a process too. The first decision of a service waits for the
packages of DFT and is told apart. Beside that: the page of a candidate, and what the campaign says
of its calculations and its candidates. Times are those of the caller, the median of all draws.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from machine import hardware, revision
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from query_samples import SYMBOLS
from web import environment_of, served

from db.blocks import blocks
from db.client import open_database, server_facts
from db.documents import CampaignDoc, CandidateDoc, Origin, RelaxationDoc
from db.indexes import ensure_indexes
from db.settings import DbSettings
from db.writes import insert_structures, save_campaign, write_relaxations
from screening.cost import core_hours, workload
from screening.evidence import Evidence
from screening.rules import FlagRule
from screening.schemes import MP2020
from screening.verdict import judge
from workflows.convert import structure_document
from workflows.judging.stored import verdict_fields
from workflows.judging.worth import Weighed, worths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.client import MongoDatabase
    from db.documents import StructureDoc
    from workflows.judging.worth import Worth

RESULTS = Path(__file__).parent / "results" / "decisions.json"
CAMPAIGN = "campaign-decided"
DECISIONS = f"/api/campaigns/{CAMPAIGN}/decisions"
FIELDS = {"approved": "approve", "rejected": "reject"}
DECIDED = {"approve": "approved", "again": "approved", "reject": "rejected"}
LOOKED_AT = {
    "candidate": f"/api/campaigns/{CAMPAIGN}/candidates/candidate-0000001",
    "calculations": DECISIONS,
    "funnel": f"/api/campaigns/{CAMPAIGN}/funnel",
}
FINGERPRINT = "f" * 64
TOKEN = "a-token-of-the-benchmark"  # noqa: S105 (no secret)
RULE = FlagRule()
NUM_ELEMENTS = 25
NUM_SYSTEMS = 300
BLOCK = 5_000
SECONDS = 1_000.0
"""For one answer; nothing is to be lost for being slow."""


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Store, serve, decide, write the results, and leave nothing else behind."""
    asked = _options().parse_args(arguments)
    told: dict[str, Any] = {"hardware": hardware(), "revision": revision(), "draws": asked.draws}
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(prefix="facet-decisions-", dir=asked.folder) as home:
            settings = DbSettings(mongo_uri=None, home=Path(home), database="facet_benchmark")
            with open_database(settings) as database:
                store(database, size, asked.draws, asked.seed)
                told["mongod"] = server_facts(database).version
                told[str(size)] = measure(settings, asked.draws)
        print(size, json.dumps(told[str(size)]), flush=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(told, indent=1) + "\n")
    return told


def store(database: MongoDatabase, size: int, draws: int, seed: int) -> None:
    """Store a campaign as screening leaves it, with relaxations of those that are decided on."""
    rng = np.random.default_rng(seed)
    crystals = [_crystal(each) for each in range(NUM_SYSTEMS)]
    documents = [structure_document(each) for each in crystals]
    costs = [core_hours(workload(each), RULE.cost) for each in crystals]
    save_campaign(database, _campaign())
    insert_structures(database, documents)
    write_relaxations(
        database, (_relaxation(at, documents[at % NUM_SYSTEMS]) for at in range(2 + draws))
    )
    rows = []
    for at, above in enumerate((rng.gamma(1.1, 0.22, size=size) - 0.04).tolist()):
        evidence = Evidence("converged", "Converged.", above, None, None, ("Li2O", "Fe2O3"))
        crystal = at % NUM_SYSTEMS
        system = documents[crystal].chemsys
        rows.append(Weighed(_name(at), system, judge(evidence, RULE), above, costs[crystal]))
    known = worths(rows, RULE, CAMPAIGN)
    made = (
        _candidate(at, each, documents[at % NUM_SYSTEMS], known[each.material_id])
        for at, each in enumerate(rows)
    )
    for block in blocks(made, BLOCK):
        database[CandidateDoc.collection].insert_many([each.to_mongo() for each in block])
    ensure_indexes(database)


def measure(settings: DbSettings, draws: int) -> dict[str, float]:
    """Decide, and look; seconds."""
    names = [_name(at) for at in range(1, draws + 1)]
    with served(settings, FACET_SERVE_TOKEN=TOKEN) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        client.timeout = httpx.Timeout(SECONDS)
        times = {"first": _decide(client, "approved", _name(0))}
        for label, decision in DECIDED.items():
            times[label] = median(_decide(client, decision, each) for each in names)
        for label, path in LOOKED_AT.items():
            times[label] = median(_get(client, path) for _ in names)
    times["facet approve"] = _by_command(settings, _name(draws + 1))
    return {label: round(each, 4) for label, each in times.items()}


def _decide(client: httpx.Client, decision: str, name: str) -> float:
    wish = {FIELDS[decision]: [name], "by": "ada"}
    start = time.perf_counter()
    answer = client.post(DECISIONS, json=wish).raise_for_status()
    seconds = time.perf_counter() - start
    (told,) = answer.json()[decision]
    if (told["material_id"], told["status"]) != (name, decision):
        raise RuntimeError(f"{name} was to be {decision}; the answer says {told}.")
    return seconds


def _get(client: httpx.Client, path: str) -> float:
    start = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - start


def _by_command(settings: DbSettings, name: str) -> float:
    command = [sys.executable, "-m", "workflows.cli.main", "approve", CAMPAIGN, name, "--json"]
    start = time.perf_counter()
    subprocess.run(  # noqa: S603 (a command of ours)
        command, check=True, stdout=subprocess.PIPE, env=environment_of(settings)
    )
    return time.perf_counter() - start


def _campaign() -> CampaignDoc:
    return CampaignDoc(
        campaign_id=CAMPAIGN,
        created_at=datetime.now(UTC),
        source="synthetic",
        potential_name="synthetic",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        relax_settings={},
        rule=RULE.to_dict(),
        reference_name="synthetic",
        reference_scheme=MP2020,
        status="finished",
    )


def _crystal(system: int) -> Structure:
    """One of the rock salts of common elements."""
    pair = list(combinations(SYMBOLS[:NUM_ELEMENTS], 2))[system]
    return Structure(Lattice.cubic(4.2), pair, [[0.0] * 3, [0.5] * 3])


def _relaxation(at: int, crystal: StructureDoc) -> RelaxationDoc:
    return RelaxationDoc(
        relaxation_id=f"{at:064x}",
        structure_id=crystal.structure_id,
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={},
        stop_reason="converged",
        message="Converged.",
        nsites=crystal.nsites,
        geometry=crystal.geometry,
        energy=-8.0,
        energy_per_atom=-4.0,
        fmax=0.0,
        smax=0.0,
        num_steps=1,
        wall_share=0.0,
        device="cpu",
        versions={},
        created_at=datetime.now(UTC),
    )


def _candidate(at: int, row: Weighed, crystal: StructureDoc, worth: Worth) -> CandidateDoc:
    return CandidateDoc(
        campaign_id=CAMPAIGN,
        material_id=row.material_id,
        origin=Origin(file="synthetic", index=at),
        structure_id=crystal.structure_id,
        formula_pretty=crystal.formula_pretty,
        chemsys=crystal.chemsys,
        elements=crystal.elements,
        nelements=crystal.nelements,
        nsites=crystal.nsites,
        status="screened",
        relaxation_id=f"{at:064x}",
        potential_fingerprint=FINGERPRINT,
        stop_reason="converged",
        energy_per_atom=-4.0,
        corrected_energy=-8.0,
        formation_energy_per_atom=-1.0,
        energy_above_hull=row.energy_above_hull,
        **verdict_fields(row.verdict, worth),
    )


def _name(at: int) -> str:
    return f"candidate-{at:07d}"


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--draws", type=int, default=20, help="decisions of each kind")
    parser.add_argument("--seed", type=int, default=6, help="decides the candidates")
    parser.add_argument("--folder", type=Path, help="where the servers keep their data meanwhile")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser


if __name__ == "__main__":
    main()
