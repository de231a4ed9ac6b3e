"""Reading elemental energies, the zeros that formation energies count from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.corrections import mp2020_corrected
from screening.errors import ScreeningError
from screening.formulas import element_amounts
from screening.json_files import read_json
from screening.plain_entries import MALFORMED, plain_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymatgen.entries.computed_entries import ComputedEntry

ELEMENT_FILES = ("*elemental-reference-entries.json*", "*Element-Refs.json*")
"""Names under which elemental energies are looked for beside a file of formation energies."""


def load_element_energies(*paths: str | Path) -> dict[str, float]:
    """Read the lowest energy in eV/atom of each element, in the MP2020 scheme.

    A file holds pymatgen entries, in a list or by symbol, or polymorphs as matcalc ships them:
    ``{symbol: {"energy_per_atom": [...]}}``. With several files the lowest of all counts: a
    polymorph above the ground state would shift every compound of its element.

    Raises:
        ScreeningError: A file is missing or unreadable, or an entry is not of the scheme.
    """
    lowest: dict[str, float] = {}
    for source in map(Path, paths):
        for symbol, energy in _energies(source):
            if not math.isfinite(energy):
                raise ScreeningError(
                    f"{source} gives {symbol} the energy {energy}: mend or remove it."
                )
            lowest[symbol] = min(lowest.get(symbol, math.inf), energy)
    return dict(sorted(lowest.items()))


def element_files_beside(source: Path) -> list[Path]:
    """Find the elemental energies that lie beside a file of formation energies.

    Raises:
        ScreeningError: There are none.
    """
    found = [path for pattern in ELEMENT_FILES for path in sorted(source.parent.glob(pattern))]
    if not found:
        raise ScreeningError(
            f"No elemental energies lie beside {source}: pass a file of pymatgen entries of the "
            f"elements, or put one there whose name matches '{ELEMENT_FILES[0]}'."
        )
    return found


def _energies(source: Path) -> Iterator[tuple[str, float]]:
    """Yield every element and energy in eV/atom of a file."""
    data: Any = read_json(source)
    try:
        by_symbol = data.items() if isinstance(data, dict) else [("", item) for item in data]
        for symbol, item in by_symbol:
            if "energy_per_atom" in item:
                yield from ((symbol, float(energy)) for energy in item["energy_per_atom"])
            else:
                yield _corrected_element(plain_entry(item), source)
    except MALFORMED as error:
        raise ScreeningError(
            f"{source} holds something other than pymatgen entries of elements: write it with "
            f"pymatgen's ComputedEntry.as_dict."
        ) from error


def _corrected_element(entry: ComputedEntry, source: Path) -> tuple[str, float]:
    """Return the symbol and the corrected energy in eV/atom of an elemental entry."""
    amounts = element_amounts(entry.composition)
    if len(amounts) != 1:
        raise ScreeningError(
            f"Entry {entry.entry_id} in {source} is no element: keep only elemental entries."
        )
    ((symbol, amount),) = amounts.items()
    return symbol, mp2020_corrected(entry).total / amount
