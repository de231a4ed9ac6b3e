"""``facet evaluate``."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import DataError
from facet.training.evaluate import measure
from facet.units import gpa_from_ev_per_cubic_angstrom
from workflows.cli.tables import print_json, print_table
from workflows.frames import read_frames
from workflows.potentials import resident_potential

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from facet.potential import Potential
    from facet.training.labels import Frame


def run_evaluate(
    paths: Sequence[Path],
    potential_name: str,
    *,
    limit: int | None,
    max_pressure: float | None,
    as_json: bool,
) -> int:
    """Measure a potential against each file of frames and return the exit code.

    Args:
        paths: Label shards or extended XYZ files.
        potential_name: Bundled name or path.
        limit: Use at most this many frames of each file.
        max_pressure: Leave out frames whose pressure exceeds this, in GPa.
        as_json: Print JSON instead of a table.

    Raises:
        DataError: A file holds no usable frame.
    """
    potential = resident_potential(potential_name)
    rows = []
    for path in paths:
        frames = list(islice(_usable(path, potential, max_pressure), limit))
        if not frames:
            raise DataError(f"{path} holds no frame that the potential can evaluate.")
        rows.append({"frames": path.name, **measure(potential, frames).to_dict()})
    if as_json:
        print_json({"fingerprint": potential.fingerprint, "results": rows})
    else:
        sys.stdout.write("Energies meV/atom, forces meV/angstrom, stress GPa.\n")
        headings = list(rows[0])
        print_table(f"Errors of {potential_name}", headings, [[*row.values()] for row in rows])
    return 0


def _usable(path: Path, potential: Potential, max_pressure: float | None) -> Iterator[Frame]:
    """Frames of known elements within the pressure limit."""
    for frame in read_frames([path]):
        if not set(frame.crystal.species.tolist()) <= potential.species:
            continue
        pressure = gpa_from_ev_per_cubic_angstrom(-float(np.trace(frame.stress)) / 3)
        if max_pressure is None or pressure <= max_pressure:
            yield frame
