"""What a task document of atomate2 says, whether it comes as an object, from a file or a store.

The documents are emmet's ``TaskDoc``; nothing is assumed of them but the names of their fields, as
they are written by programs of many versions. What is missing or nonsense is a fault, in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pymatgen.core.structure import Structure

from workflows.dft.errors import FollowUpError

RUN_TYPES = {"PBE": "GGA", "PBE+U": "GGA+U", "GGA_U": "GGA+U", "PBE_U": "GGA+U"}
"""Other names that versions of emmet have for what pymatgen calls GGA and GGA+U."""

SUCCESSFUL = "successful"
SECONDS_PER_HOUR = 3600.0
DATE = slice(0, 19)


@dataclass(frozen=True, eq=False)
class Task:
    """A finished calculation.

    Attributes:
        energy: Total energy of the cell in eV, uncorrected.
        structure: As relaxed.
        run_type: Functional in pymatgen's words, e.g. ``GGA+U``.
        hubbards: Hubbard U in eV of each element that has one.
        potcar_titles: TITEL of each POTCAR.
        folder: Where it ran.
        uuid: Of its job, if it says so.
        completed_at: When it ended.
    """

    energy: float
    structure: Structure
    run_type: str
    hubbards: dict[str, float] = field(default_factory=dict)
    potcar_titles: tuple[str, ...] = ()
    folder: str | None = None
    uuid: str | None = None
    completed_at: datetime | None = None


def read_task(document: object) -> Task:
    """Read the document that ends a calculation.

    Raises:
        FollowUpError: It is no successful calculation with an energy and a crystal.
    """
    if at(document, "output") is None:
        raise FollowUpError(
            "The DFT job left no task document where this worker looks for outputs: see its "
            "launch, mend it and run it again, or import from the store that it wrote to."
        )
    state = plain(at(document, "state"))
    if state not in (None, SUCCESSFUL):
        raise FollowUpError(
            f"The calculation ended as {state!r}: mend its inputs and run it again."
        )
    energy = at(document, "output", "energy")
    if not isinstance(energy, int | float) or not math.isfinite(energy):
        raise FollowUpError(
            f"The task document has the energy {energy}: run the calculation again."
        )
    run_type = _run_type(document)
    if run_type is None:
        raise FollowUpError(
            "The task document does not say its functional (run_type): import the whole document."
        )
    return Task(
        energy=float(energy),
        structure=_final_structure(document),
        run_type=run_type,
        hubbards=_hubbards(document),
        potcar_titles=tuple(_titles(document)),
        folder=_text(at(document, "dir_name")),
        uuid=_text(at(document, "uuid")),
        completed_at=_time(at(document, "completed_at")),
    )


def core_hours(documents: Sequence[object]) -> float | None:
    """Sum cores times wall time of some tasks; None where none of them says."""
    found = [hours for each in documents if (hours := _core_hours(each)) is not None]
    return sum(found) if found else None


def at(document: object, *path: str | int) -> Any:  # noqa: ANN401 (a part of a document of any form)
    """Return what lies at a path inside a document, None where it ends early."""
    value: Any = document
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(key, int):
            is_there = isinstance(value, Sequence) and not isinstance(value, str)
            value = value[key] if is_there and -len(value) <= key < len(value) else None
        else:
            value = getattr(value, key, None)
        if value is None:
            return None
    return value


def plain(value: Any) -> Any:  # noqa: ANN401 (an enumeration's value, or what is there)
    """Return the value of a member of an enumeration; other things as they are."""
    return getattr(value, "value", value)


def structure_from_document(value: object) -> Structure | None:
    """Return the crystal at some place of a document, if it is one that can be read."""
    if isinstance(value, Structure):
        return value
    try:
        return Structure.from_dict(dict(value)) if isinstance(value, Mapping) else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _final_structure(document: object) -> Structure:
    for path in (("output", "structure"), ("structure",)):
        found = structure_from_document(at(document, *path))
        if found is not None and len(found):
            return found
    raise FollowUpError("The task document holds no crystal that can be read: import all of it.")


def _run_type(document: object) -> str | None:
    for path in (
        ("entry", "parameters", "run_type"),
        ("calcs_reversed", 0, "run_type"),
        ("run_type",),
    ):
        found = plain(at(document, *path))
        if isinstance(found, str) and found not in ("", "None"):
            return RUN_TYPES.get(found, found)
    return None


def _hubbards(document: object) -> dict[str, float]:
    for path in (
        ("entry", "parameters", "hubbards"),
        ("calcs_reversed", 0, "input", "hubbards"),
        ("input", "hubbards"),
    ):
        found = at(document, *path)
        if isinstance(found, Mapping) and found:
            return {str(key): float(value) for key, value in found.items() if value}
    return {}


def _titles(document: object) -> list[str]:
    for path in (("calcs_reversed", 0, "input", "potcar_spec"), ("input", "potcar_spec")):
        specs = at(document, *path)
        if isinstance(specs, Sequence) and specs:
            return [str(at(each, "titel")) for each in specs if at(each, "titel")]
    return []


def _core_hours(document: object) -> float | None:
    stats = at(document, "run_stats")
    if not isinstance(stats, Mapping):
        return None
    runs = [stats["overall"]] if "overall" in stats else list(stats.values())
    hours = [
        float(at(each, "elapsed_time")) * float(at(each, "cores")) / SECONDS_PER_HOUR
        for each in runs
        if at(each, "elapsed_time") and at(each, "cores")
    ]
    return sum(hours) if hours else None


def _text(value: object) -> str | None:
    return str(value) if value else None


def _time(value: object) -> datetime | None:
    """Read a time, which VASP writes without a zone; it is taken for UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value[DATE])
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
