"""Ways to obtain a reference: from computed energies, or from files of formation energies."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from screening.element_energies import element_files_beside, load_element_energies
from screening.errors import ScreeningError
from screening.formulas import amounts_of, element_amounts, is_plain, pretty_formula
from screening.json_files import read_json
from screening.reference import (
    UNKNOWN,
    Coverage,
    Reference,
    ReferencePhase,
    check_finite,
    formation_energy_per_atom,
)
from screening.schemes import MP2020, check_reference_scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymatgen.core.composition import Composition

__all__ = [
    "Coverage",
    "Reference",
    "ReferencePhase",
    "formation_energies_in",
    "formation_energy_per_atom",
    "load_element_energies",
    "load_formation_energies",
    "reference_from_energies",
]


def reference_from_energies(
    name: str,
    scheme: str,
    phases: Iterable[tuple[str, Composition, float]],
    *,
    date: str = UNKNOWN,
    coverage: Coverage = Coverage.SUPPLIED,
) -> Reference:
    """Build a reference from corrected total energies of phases and elements.

    The lowest elemental phase of each element sets its zero. A phase with an element that has
    no elemental phase cannot be placed; it is left out and listed in ``omitted``.

    Args:
        name: What reports call the reference.
        scheme: Energy scheme of all the energies.
        phases: Id, composition of the cell and corrected total energy of that cell in eV.
        date: When the energies were computed.
        coverage: Whether these are some phases or all that are known.

    Raises:
        MixedSchemes: The scheme does not belong on a hull.
        ScreeningError: An energy is not finite, or an id occurs twice.
    """
    check_reference_scheme(scheme)
    known = list(phases)
    for phase_id, _, energy in known:
        check_finite(energy, phase_id, name)
    elements = _lowest_elements(known)
    placed, omitted = [], {}
    for phase_id, composition, energy in known:
        lacking = sorted(element_amounts(composition).keys() - elements.keys())
        if lacking:
            omitted[phase_id] = (
                f"{phase_id} cannot be placed without an elemental phase of "
                f"{', '.join(lacking)}: add one to '{name}'."
            )
            continue
        formation = formation_energy_per_atom(element_amounts(composition), energy, elements)
        placed.append(ReferencePhase(phase_id, pretty_formula(composition), formation))
    return Reference(
        name=name,
        scheme=scheme,
        phases=tuple(placed),
        element_energies=elements,
        date=date,
        coverage=coverage,
        omitted=omitted,
    )


def load_formation_energies(
    path: str | Path,
    element_energies_path: str | Path | None = None,
    *,
    date: str = UNKNOWN,
    coverage: Coverage = Coverage.ALL_KNOWN,
) -> Reference:
    """Read MP2020 formation energies and the elemental energies that they count from.

    Args:
        path: JSON ``{id: {"formula": ..., "e_form": eV/atom}}``, plain or as gz, xz or bz2.
        element_energies_path: Energies of the elements, in a form that
            ``load_element_energies`` reads. When it is not given, the files of elements beside
            the first one are read.
        date: When the energies were compiled.
        coverage: Whether the file holds some phases or all that are known.

    Raises:
        ScreeningError: A file is missing or unreadable, or a row of it is unusable.
    """
    source = Path(path)
    made = formation_energies_in(
        read_json(source), source, element_energies_path, coverage=coverage
    )
    return replace(made, date=date)


def formation_energies_in(
    rows: object,
    source: Path,
    element_energies_path: str | Path | None = None,
    *,
    coverage: Coverage = Coverage.ALL_KNOWN,
) -> Reference:
    """Make a reference of the content of a file that ``load_formation_energies`` would read.

    Args:
        rows: The content.
        source: The file, which names the reference.
        element_energies_path: Energies of the elements; None takes the files beside the source.
        coverage: Whether the file holds some phases or all that are known.

    Raises:
        ScreeningError: A row is unusable, or there are no energies of the elements.
    """
    if not isinstance(rows, dict) or not rows:
        raise ScreeningError(
            f"{source} holds no formation energies: give JSON of the form "
            f'{{"id": {{"formula": "NaCl", "e_form": -2.1}}}}.'
        )
    given = [Path(element_energies_path)] if element_energies_path is not None else []
    return Reference(
        name=source.name.split(".json")[0],
        scheme=MP2020,
        phases=tuple(_phase(phase_id, row, source) for phase_id, row in sorted(rows.items())),
        element_energies=load_element_energies(*(given or element_files_beside(source))),
        coverage=coverage,
        source="formation energies of a file",
    )


def _phase(phase_id: str, row: dict[str, str | float], source: Path) -> ReferencePhase:
    """Check one row of a file of formation energies."""
    try:
        formula, energy = str(row["formula"]), float(row["e_form"])
        if not is_plain(formula):
            amounts_of(formula)
    except (KeyError, TypeError, ValueError) as error:
        raise ScreeningError(
            f"Phase {phase_id} in {source} lacks a formula that can be read or a number e_form: "
            f"mend or remove it."
        ) from error
    return ReferencePhase(phase_id, formula, energy)


def _lowest_elements(phases: Iterable[tuple[str, Composition, float]]) -> dict[str, float]:
    """Return the energy per atom of the lowest elemental phase of each element."""
    lowest: dict[str, float] = {}
    for _, composition, energy in phases:
        amounts = element_amounts(composition)
        if len(amounts) == 1:
            ((symbol, amount),) = amounts.items()
            lowest[symbol] = min(lowest.get(symbol, math.inf), energy / amount)
    return dict(sorted(lowest.items()))
