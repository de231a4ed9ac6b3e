"""References from computed entries as pymatgen writes them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from screening.corrections import mp2020_corrected, pymatgen_version
from screening.errors import ScreeningError
from screening.json_files import read_json
from screening.plain_entries import MALFORMED, plain_entry
from screening.reference import UNKNOWN, Coverage, Reference
from screening.references import reference_from_energies
from screening.schemes import MP2020

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pymatgen.core.composition import Composition
    from pymatgen.entries.computed_entries import ComputedEntry

    Tell = Callable[[str, int, int], None]
    """Called with what is done, how many of them, and of how many."""


Item = TypeVar("Item")

_DETAIL = 80  # characters of what pymatgen says; it may quote the whole entry


class _Placed(NamedTuple):
    """An entry in the MP2020 scheme: its id, its composition, and the energy of that cell in eV."""

    phase_id: str
    composition: Composition
    energy: float


def _nobody(_done: str, _number: int, _total: int) -> None:
    """Heed nothing."""


def load_entries(
    path: str | Path, *, date: str = UNKNOWN, coverage: Coverage = Coverage.SUPPLIED
) -> Reference:
    """Read a reference from a file of uncorrected pymatgen entries.

    Corrections that the file brings are dropped and MP2020 is applied anew. Each entry that
    cannot be used is listed in ``omitted``.

    Args:
        path: JSON list of entries, or entries by id, plain or as gz, xz or bz2.
        date: When the energies were compiled.
        coverage: Whether the file holds some phases or all that are known.

    Raises:
        ScreeningError: The file is missing, unreadable, holds no entry that can be used, or two
            entries of one id differ.
    """
    source = Path(path)
    return replace(entries_in(read_json(source), source, coverage=coverage), date=date)


def entries_in(
    data: object,
    source: Path,
    *,
    coverage: Coverage = Coverage.SUPPLIED,
    tell: Tell = _nobody,
) -> Reference:
    """Make a reference of the content of a file that ``load_entries`` would read.

    Args:
        data: The content.
        source: The file, which names the reference.
        coverage: Whether the file holds some phases or all that are known.
        tell: Called with how far it has come.

    Raises:
        ScreeningError: It holds no entry that can be used, or two entries of one id differ.
    """
    if not isinstance(data, list | dict) or not data:
        raise ScreeningError(
            f"{source} holds no entries: give a JSON list of what pymatgen's ComputedEntry.as_dict "
            f"returns."
        )
    name = source.name.split(".json")[0]
    rows = (
        data.items()
        if isinstance(data, dict)
        else ((_id_in(row, at), row) for at, row in enumerate(data, start=1))
    )
    entries, malformed = _read(_told(rows, "entries read", len(data), tell))
    made = reference_from_entries(
        name,
        _told(entries, "entries corrected", len(entries), tell),
        coverage=coverage,
        omitted=malformed,
    )
    return replace(made, source=f"pymatgen entries of '{name}'")


def reference_from_entries(
    name: str,
    entries: Iterable[ComputedEntry],
    *,
    date: str = UNKNOWN,
    coverage: Coverage = Coverage.SUPPLIED,
    omitted: Mapping[str, str] | None = None,
) -> Reference:
    """Correct PBE(+U) entries with MP2020 and make a reference of them.

    An entry that MP2020 does not cover, such as one of another functional, whose energy is not a
    number, or with an element that has no elemental entry is listed in ``omitted``.

    Args:
        name: What reports call the reference.
        entries: Each with its id, its uncorrected energy, run type and Hubbard U values.
        date: When the energies were compiled.
        coverage: Whether these are some phases or all that are known.
        omitted: What the caller left out already, by id, each with a sentence that says why.

    Raises:
        ScreeningError: No entry can be used, or two entries of one id differ.
    """
    placed: dict[str, _Placed] = {}
    refused = dict(omitted or {})
    for position, entry in enumerate(entries, start=1):
        phase_id = str(entry.entry_id or f"entry-{position}")
        try:
            energy = _corrected_energy(phase_id, entry)
        except ScreeningError as error:
            refused[phase_id] = str(error)
            continue
        _place(placed, _Placed(phase_id, entry.composition, energy), name)
    if not placed:
        first = next(iter(refused.values()), "it holds none.")
        raise ScreeningError(f"No entry of '{name}' can be used, the first because: {first}")
    made = reference_from_energies(name, MP2020, placed.values(), date=date, coverage=coverage)
    # One name may stand for an entry that is used and for a second one that is not.
    reasons = {**{k: v for k, v in refused.items() if k not in placed}, **made.omitted}
    extra = {f"{k} (a second entry)": v for k, v in refused.items() if k in placed}
    return replace(
        made,
        omitted=dict(sorted({**reasons, **extra}.items())),
        pymatgen_version=pymatgen_version(),
    )


def _told(items: Iterable[Item], done: str, total: int, tell: Tell) -> Iterator[Item]:
    """Hand items on and tell how many there were."""
    for number, item in enumerate(items, start=1):
        yield item
        tell(done, number, total)


def _place(placed: dict[str, _Placed], row: _Placed, name: str) -> None:
    """Enter an entry; an exact copy of one that is there already is the same entry."""
    rival = placed.setdefault(row.phase_id, row)
    if rival != row:
        raise ScreeningError(
            f"'{name}' holds different entries of the id {row.phase_id}: give each an id of its "
            f"own."
        )


def _corrected_energy(phase_id: str, entry: ComputedEntry) -> float:
    """Return the MP2020 energy of an entry's cell in eV."""
    energy = float(entry.uncorrected_energy)
    if not math.isfinite(energy):
        raise ScreeningError(
            f"The energy of entry {phase_id} is {energy}: compute it again, or leave it out."
        )
    return mp2020_corrected(entry).total


def _id_in(row: object, position: int) -> str:
    """Return the id that an entry bears, or one made of its position."""
    given = row.get("entry_id") if isinstance(row, dict) else None
    return str(given or f"entry-{position}")


def _read(rows: Iterable[tuple[str, object]]) -> tuple[list[ComputedEntry], dict[str, str]]:
    """Rebuild entries; those that cannot be are returned by id with the reason."""
    entries, malformed = [], {}
    for phase_id, row in rows:
        try:
            entries.append(plain_entry(row, phase_id))
        except MALFORMED as error:
            detail = f"{type(error).__name__}: {str(error)[:_DETAIL]}"
            malformed[phase_id] = (
                f"{phase_id} is no pymatgen entry ({detail}): write it with ComputedEntry.as_dict."
            )
    return entries, malformed
