"""Errors against labeled frames: all together, by chemical family and by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facet.errors import DataError
from facet.graph.elements import symbol
from facet.training.evaluate import compare
from facet.units import gpa_from_ev_per_cubic_angstrom
from workflows.evaluation.families import families
from workflows.evaluation.sample import sample
from workflows.frames import read_frames
from workflows.progress import noted

if TYPE_CHECKING:
    from pathlib import Path

    from facet.potential import Potential
    from facet.training.evaluate import Comparison
    from facet.training.labels import Frame


class DftRow(NamedTuple):
    """One row of the suite.

    Attributes:
        name: What the table calls it.
        file: File of frames with DFT labels.
        max_pressure: Frames under more pressure are left out, in GPa; None keeps all.
    """

    name: str
    file: str
    max_pressure: float | None


DFT_ROWS = (
    DftRow("MPtrj, random", "mptrj-random-1k.xyz.xz", None),
    DftRow("MPtrj, highest stress", "mptrj-highest-stress-1k.xyz.xz", None),
    DftRow("mpf-TP, below 50 GPa", "mpf-TP.xyz.xz", 50.0),
    DftRow("mpf-TP, all pressures", "mpf-TP.xyz.xz", None),
)


def measure_dft_frames(potential: Potential, data: Path, limit: int | None) -> dict[str, Any]:
    """Compare a potential with every file of DFT frames.

    Args:
        potential: The potential; its energies must be of the scheme of the frames.
        data: Folder of the files.
        limit: Frames of each row, drawn by a fixed seed; None takes all.

    Returns:
        A report for each row, by its name.
    """
    reports = {}
    for row in DFT_ROWS:
        frames = usable_frames(data / row.file, potential, row.max_pressure)
        reports[row.name] = report(compare(potential, sample(frames, limit)))
    return reports


def usable_frames(path: Path, potential: Potential, max_pressure: float | None) -> list[Frame]:
    """Read the frames of known elements within a pressure limit.

    Args:
        path: Label shard or extended XYZ.
        potential: Decides what elements are known.
        max_pressure: Frames under more pressure are left out, in GPa; None keeps all.

    Raises:
        DataError: The file cannot be read, or no frame of it can be used.
    """
    frames = [
        frame
        for frame in noted(read_frames([path]), "frames read")
        if set(frame.crystal.species.tolist()) <= potential.species
        and (max_pressure is None or pressure_of(frame) <= max_pressure)
    ]
    if not frames:
        raise DataError(f"{path} holds no frame that the potential can evaluate.")
    return frames


def pressure_of(frame: Frame) -> float:
    """Pressure by the label in GPa; positive when compressed."""
    return gpa_from_ev_per_cubic_angstrom(-float(np.trace(frame.stress)) / 3)


def report(comparison: Comparison) -> dict[str, Any]:
    """Errors over all frames, over each family, and over the frames that hold each element.

    A frame counts for every element in it: its error cannot be shared out.
    """
    return {
        **comparison.errors().to_dict(),
        "families": _by_family(comparison),
        "elements": _by_element(comparison),
    }


def _by_family(comparison: Comparison) -> dict[str, dict[str, float]]:
    names = families(comparison.sizes, comparison.species)
    return {
        str(name): comparison.only(names == name).errors().to_dict() for name in np.unique(names)
    }


def _by_element(comparison: Comparison) -> dict[str, dict[str, float]]:
    frame_of_atom = comparison.frame_of_atom
    found = {}
    for number in np.unique(comparison.species):
        holds = np.zeros(len(comparison.sizes), dtype=bool)
        holds[frame_of_atom[comparison.species == number]] = True
        found[symbol(int(number))] = comparison.only(holds).errors().to_dict()
    return found
