"""Ionic steps of DFT calculations as labeled frames, as ``facet train --from`` takes them."""

from __future__ import annotations

import gzip
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from db.follow_ups import follow_up_by_id, follow_ups_of
from facet.units import ev_per_cubic_angstrom_from_vasp_kilobar
from workflows.dft.task_documents import at, structure_from_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents.follow_up import FollowUpDoc
    from workflows.dft.task_documents import Task

Record = dict[str, Any]

TRAINABLE = ("GGA", "GGA+U")
"""Functionals that the potentials here have learned; frames of others would teach another scale."""

MOST_BYTES = 4 * 1024 * 1024
"""Of the compressed frames of a follow-up, which lie inside its document."""


def frames_of(documents: Sequence[object], parent: str, task: Task) -> list[Record]:
    """Return every ionic step of some tasks whose electrons had converged, in the order of time.

    Args:
        documents: Task documents, relaxations first.
        parent: Name of the crystal; training keeps frames of one parent on one side of its split.
        task: The calculation that they belong to.
    """
    if task.run_type not in TRAINABLE:
        return []
    return [
        record
        for document in documents
        for calculation in reversed(_list(at(document, "calcs_reversed")))
        for record in _frames(calculation, parent)
    ]


def packed_frames(records: Sequence[Record]) -> tuple[bytes | None, int]:
    """Compress frames, every second one left out as often as it takes to make them fit.

    Returns:
        Gzipped JSON lines, None without a frame; and how many frames they hold.
    """
    kept = list(records)
    while kept:
        text = "".join(f"{json.dumps(each)}\n" for each in kept)
        packed = gzip.compress(text.encode(), mtime=0)
        if len(packed) <= MOST_BYTES:
            return packed, len(kept)
        # The end of a relaxation is worth most.
        kept = kept[::-1][::2][::-1] if len(kept) > 1 else []
    return None, 0


def export_frames(database: MongoDatabase, campaign_id: str, path: Path) -> tuple[int, int]:
    """Write the frames of all finished follow-ups of a campaign as one JSON list.

    Returns:
        How many frames were written, and of how many calculations.
    """
    num_frames = num_calculations = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for each in follow_ups_of(database, campaign_id, ["finished"]):
            lines = list(_lines(follow_up_by_id(database, each.follow_up_id)))
            num_calculations += bool(lines)
            for line in lines:
                file.write(f"{',' if num_frames else ''}\n{line}")
                num_frames += 1
        file.write("\n]\n")
    return num_frames, num_calculations


def _lines(follow_up: FollowUpDoc) -> Iterator[str]:
    if follow_up.frames:
        yield from gzip.decompress(follow_up.frames).decode().splitlines()


def _frames(calculation: object, parent: str) -> Iterator[Record]:
    most_electronic = at(calculation, "input", "parameters", "NELM") or math.inf
    for step in _list(at(calculation, "output", "ionic_steps")):
        num_electronic = at(step, "num_electronic_steps") or len(
            _list(at(step, "electronic_steps"))
        )
        if num_electronic < most_electronic and (record := _frame(step, parent)) is not None:
            yield record


def _frame(step: object, parent: str) -> Record | None:
    """Read one ionic step; None where a label is missing or no number."""
    structure = structure_from_document(at(step, "structure"))
    energy = at(step, "e_0_energy")
    if structure is None or energy is None:
        return None
    forces, stress = _numbers(at(step, "forces")), _numbers(at(step, "stress"))
    if forces.shape != (len(structure), 3) or stress.shape != (3, 3):
        return None
    if not (math.isfinite(energy) and np.isfinite(forces).all() and np.isfinite(stress).all()):
        return None
    return {
        "parent": parent,
        "cell": structure.lattice.matrix.tolist(),
        "species": [site.specie.symbol for site in structure],
        "positions": structure.cart_coords.tolist(),
        "energy": float(energy),
        "forces": forces.tolist(),
        "stress": (stress * ev_per_cubic_angstrom_from_vasp_kilobar(1.0)).tolist(),
    }


def _numbers(value: object) -> np.ndarray:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return np.empty(0)


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
