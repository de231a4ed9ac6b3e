"""Measure how long the report of a large campaign takes, and how large the page is.

A private server in a throw-away folder is filled with synthetic candidates that look screened; no
potential is asked. Processor time is given beside wall time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from db.client import open_database
from db.documents import CampaignDoc, CandidateDoc, Origin, RelaxationDoc, pack_geometry
from db.documents.candidate import Chances, Gate
from db.indexes import ensure_indexes
from db.settings import DbSettings
from db.writes import insert_candidates, insert_references, save_campaign, write_relaxations
from screening.reference import Reference, ReferencePhase
from screening.rules import FlagRule
from screening.schemes import MP2020
from workflows.keys import reference_key
from workflows.references import reference_document
from workflows.report.contents import contents_of
from workflows.report.render import write_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CAMPAIGN = "synthetic"
FINGERPRINT = "a" * 64
METALS = ("Al", "Ca", "Fe", "K", "Li", "Mg", "Mn", "Na", "Ti", "Zn")
GATES = ("converged", "volume", "distances", "coordination", "neutrality", "prototype", "hull",
         "depth", "uncertainty", "unique", "new", "dynamical", "elastic")  # fmt: skip
SENTENCE = "A sentence with numbers, about as long as those of the gates are: 0.0123 eV/atom."
SITES = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, report, and print seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=3000, help="candidates")
    parser.add_argument("--keep", type=Path, help="leave the page here")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="facet-page-") as home:
        settings = DbSettings(mongo_uri=None, home=Path(home), database="facet_benchmark")
        page = asked.keep or Path(home) / "report.html"
        with open_database(settings) as database:
            ensure_indexes(database)
            insert_references(database, [reference_document(reference())])
            save_campaign(database, campaign())
            both = list(samples(asked.size, np.random.default_rng(0)))
            write_relaxations(database, [each for _, each in both])
            insert_candidates(database, [each for each, _ in both])
            wall, processor = time.perf_counter(), time.process_time()
            write_report(page, contents_of(database, CAMPAIGN))
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
        megabytes = page.stat().st_size / 1e6
    print(
        f"{asked.size} candidates: {wall:.1f} s ({processor:.1f} s of the processor), "
        f"{megabytes:.1f} MB"
    )


def reference() -> Reference:
    """Elements and an oxide of each metal."""
    phases = [ReferencePhase(f"e-{each}", each, 0.0) for each in (*METALS, "O")]
    phases += [ReferencePhase(f"o-{each}", f"{each}O", -1.5) for each in METALS]
    elements = dict.fromkeys((*METALS, "O"), -3.0)
    return Reference("synthetic phases", MP2020, tuple(phases), elements)


def campaign() -> CampaignDoc:
    """A finished campaign."""
    return CampaignDoc(
        campaign_id=CAMPAIGN,
        created_at=datetime.now(UTC),
        source="synthetic",
        potential_name="none",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        relax_settings={"fmax": 0.05, "smax": 0.1, "max_steps": 500},
        rule=FlagRule().to_dict(),
        reference_scheme=MP2020,
        reference_id=reference_key(reference()),
        status="finished",
    )


def samples(size: int, rng: np.random.Generator) -> Iterator[tuple[CandidateDoc, RelaxationDoc]]:
    """Yield candidates of two metals and oxygen, nearest to the hull first, with relaxations."""
    systems = [sorted((*pair, "O")) for pair in combinations(METALS, 2)]
    distances = np.sort(rng.normal(0.1, 0.08, size))
    for at, distance in enumerate(distances.tolist()):
        elements = systems[int(rng.integers(len(systems)))]
        relaxation = relaxed(at, elements, rng)
        yield candidate(at, elements, distance), relaxation


def relaxed(at: int, elements: list[str], rng: np.random.Generator) -> RelaxationDoc:
    """Atoms at random places of a cell."""
    numbers = [atomic_numbers[elements[each % len(elements)]] for each in range(SITES)]
    edge = float(rng.uniform(6.0, 7.0))
    return RelaxationDoc(
        relaxation_id=f"r-{at}",
        structure_id=f"s-{at}",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={},
        stop_reason="converged",
        message="Converged.",
        nsites=SITES,
        geometry=pack_geometry(numbers, rng.random((SITES, 3)) * edge, np.eye(3) * edge),
        energy=-60.0,
        energy_per_atom=-3.0,
        fmax=0.01,
        smax=0.01,
        num_steps=20,
        wall_share=0.1,
        device="cpu",
        versions={"facet": "synthetic"},
        created_at=datetime.now(UTC) + timedelta(seconds=at),
    )


def candidate(at: int, elements: list[str], distance: float) -> CandidateDoc:
    """A judged candidate."""
    is_flagged = distance <= FlagRule().max_energy_above_hull
    return CandidateDoc(
        campaign_id=CAMPAIGN,
        material_id=f"candidate-{at:06d}",
        origin=Origin(file="synthetic", index=at),
        structure_id=f"s-{at}",
        formula_pretty="".join(elements),
        chemsys="-".join(elements),
        elements=tuple(elements),
        nelements=len(elements),
        nsites=SITES,
        status="screened",
        relaxation_id=f"r-{at}",
        stop_reason="converged",
        num_steps=20,
        energy_per_atom=-3.0,
        formation_energy_per_atom=distance - 1.0,
        energy_above_hull=distance,
        is_flagged=is_flagged,
        verdict="flagged" if is_flagged else "unstable",
        rank=at + 1 if is_flagged else None,
        reasons=(SENTENCE,),
        gates=tuple(Gate(name=each, status="passed", sentence=SENTENCE) for each in GATES),
        chances=Chances(on_hull=0.4, within_limit=0.6, limit=0.05, scale=0.04, is_calibrated=False),
        p_stable=0.4,
    )


if __name__ == "__main__":
    main()
