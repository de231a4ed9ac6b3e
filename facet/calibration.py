"""What the errors of shipped weights were measured to be, beside their checkpoints.

A calibration is worth nothing for other weights: the spread of a committee and the errors that all
members share change with every training. So each names the weights that it was fitted to, and no
other weights get it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facet.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "facet-calibration-1"
SUFFIX = ".calibration.json"

SHIPPED = Path(__file__).parent / "checkpoints"
"""Folder of the calibrations that ship with Facet."""

_NUMBERS = ("stretch", "bias", "freedom", "offset")


@dataclass(frozen=True)
class ShippedCalibration:
    """Errors of the distance to the hull, measured where the outcome is known.

    Attributes:
        fingerprint: Of the weights that it belongs to.
        date: When it was fitted, e.g. ``2026-11-21``.
        data: The known outcomes, in words.
        command: Fits it again.
        hulls: For each hull by name ``stretch``, ``bias`` (eV/atom), ``freedom`` and ``offset``
            (eV/atom) of the calibration of a spread, and ``num_outcomes`` that it was fitted to.
    """

    fingerprint: str
    date: str
    data: str
    command: str
    hulls: Mapping[str, Mapping[str, float]]

    def to_text(self) -> str:
        """Return it as the text of a file."""
        plain = {"format": FORMAT, **vars(self)}
        return json.dumps(plain, indent=1) + "\n"


def shipped_calibration(fingerprint: str, folder: Path = SHIPPED) -> ShippedCalibration:
    """Return the calibration that ships for some weights.

    Args:
        fingerprint: Of the weights.
        folder: Where calibrations lie.

    Raises:
        CheckpointError: There is none for these weights, or a file cannot be read.
    """
    known = {path.name.removesuffix(SUFFIX): _read(path) for path in folder.glob(f"*{SUFFIX}")}
    for each in known.values():
        if each.fingerprint == fingerprint:
            return each
    others = ", ".join(f"{name} {each.fingerprint[:12]}" for name, each in sorted(known.items()))
    raise CheckpointError(
        f"No calibration ships for the weights {fingerprint[:12]} (those that do are of "
        f"{others or 'nobody'}); `python benchmarks/calibration.py --ship` fits one to outcomes of "
        "DFT."
    )


def _read(path: Path) -> ShippedCalibration:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_known = found.pop("format") == FORMAT
        made = ShippedCalibration(**found)
        numbers = [float(each[name]) for each in made.hulls.values() for name in _NUMBERS]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"The calibration {path.name} cannot be read ({error}); fit it again with "
            "`python benchmarks/calibration.py --ship`."
        ) from error
    if not is_known or not all(map(math.isfinite, numbers)):
        raise CheckpointError(
            f"The calibration {path.name} is of a layout that this Facet does not read; fit it "
            "again with `python benchmarks/calibration.py --ship`."
        )
    return made
