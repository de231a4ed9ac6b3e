"""The whole path of a screening on candidates whose DFT outcome is known.

    python benchmarks/screening_outcomes.py [--data ../shared/data] [--beside FILE]

Relaxes the unrelaxed candidates of the substitution campaign (kept below ``runs/screening`` for
the next run), and the phases that its own hull needs, measures everything against the dft, own and
self hull, and scores it. ``--beside`` takes the ``suite-dft.json`` of ``facet evaluate --part wbm``
by another potential. Writes ``benchmarks/results/screening.json``, the picture and the tables of
``docs/screening.md``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from machine import hardware, revision
from screening_data import read_known
from screening_own import on_three_hulls, own_phases, phase_errors
from screening_places import distances_of_stored, placed
from screening_report import draw, markdown, write_table
from screening_rows import relaxed_rows
from screening_scores import AS_SHIPPED, WITHOUT_OWN, Placed, hull_scores, scores, uncertainty

from facet.checkpoint import load
from facet.memory import keep_freed_memory
from screening.hull import Hulls
from screening.references import load_formation_energies
from workflows.evaluation.discovery import FILE, HULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screening_data import KnownCandidate

RESULTS = Path(__file__).parent / "results"
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "screening.png"
DOCUMENT = Path(__file__).parent.parent / "docs" / "screening.md"


def main() -> None:
    """Relax, measure, score, and write."""
    arguments = parse_arguments()
    torch.set_num_threads(1)
    keep_freed_memory()
    potential = load(arguments.potential)
    known = read_known(arguments.data / FILE)
    hulls = Hulls(load_formation_energies(arguments.data / HULL))
    relaxed = relaxed_rows(potential, {each.name: each.crystal for each in known}, arguments.cache)
    scheme = potential.energy_scheme
    rows = [placed(each, relaxed[each.name], scheme, hulls) for each in known]
    phases = own_phases(potential, known, hulls, arguments)
    rows = on_three_hulls(rows, known, relaxed, (hulls.reference, phases), potential)
    document = {
        "file": FILE,
        "potentials": {
            Path(arguments.potential).stem: {
                **described(rows, potential.fingerprint),
                "hulls": hull_scores(rows),
            },
            **(beside(arguments.beside, known, hulls) if arguments.beside else {}),
        },
        "own_phases": phase_errors(hulls.reference, phases),
        "num_not_converged": sum(not each.is_converged for each in relaxed.values()),
        "hardware": hardware(),
        "revision": revision(),
    }
    (RESULTS / "screening.json").write_text(json.dumps(document, indent=1) + "\n")
    draw(document, PICTURE)
    table = markdown(document)
    write_table(table, DOCUMENT)
    print(table)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/screening"))
    parser.add_argument("--beside", type=Path)
    return parser.parse_args()


def described(rows: Sequence[Placed], fingerprint: str) -> dict[str, Any]:
    """Score the rows of one potential."""
    return {"fingerprint": fingerprint, **scores(rows), "uncertainty": uncertainty(rows)}


def beside(path: Path, known: Sequence[KnownCandidate], hulls: Hulls) -> dict[str, Any]:
    """Score the candidates of another potential as ``facet evaluate`` stored them."""
    (potential,) = json.loads(path.read_text())["potentials"]
    stored = {row["name"]: row for row in potential["parts"]["wbm"]["rows"]}
    rows = [
        Placed(
            name=each.name,
            formula=each.formula,
            is_certain=True,
            truth={WITHOUT_OWN: each.without_own, AS_SHIPPED: each.as_shipped},
            relaxed=distances_of_stored(stored[each.name]["relaxed"], each, hulls),
            unrelaxed=distances_of_stored(stored[each.name]["unrelaxed"], each, hulls),
        )
        for each in known
        if each.name in stored
    ]
    return {Path(potential["name"]).stem: described(rows, potential["fingerprint"])}


if __name__ == "__main__":
    main()
