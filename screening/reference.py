"""A reference: the competing phases of a hull, as formation energies of one scheme."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from screening.errors import MixedSchemes, ScreeningError
from screening.schemes import check_candidate_scheme, check_reference_scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "unknown"


class Coverage(StrEnum):
    """How much of what is known a reference holds."""

    SUPPLIED = "supplied"
    ALL_KNOWN = "all_known"


class ReferencePhase(NamedTuple):
    """One competing phase.

    Attributes:
        phase_id: Its name in the reference.
        formula: Chemical formula.
        formation_energy_per_atom: Energy in eV/atom against the reference's elements.
    """

    phase_id: str
    formula: str
    formation_energy_per_atom: float


@dataclass(frozen=True)
class Reference:
    """The phases that candidates compete with, all in one energy scheme.

    Attributes:
        name: What reports call it.
        scheme: Energy scheme of every phase and element.
        phases: Competing phases, elements among them.
        element_energies: Corrected energy in eV/atom of each element's zero of formation energy.
        date: When its energies were compiled, as its maker wrote it.
        license: Terms under which its energies are given.
        source: Where its energies came from, in words; never a path of one machine.
        pymatgen_version: Version whose table of corrections its energies carry.
        coverage: Whether it holds some phases or all that are known.
        omitted: Phases that could not be placed, by id, each with a sentence that says why.
    """

    name: str
    scheme: str
    phases: tuple[ReferencePhase, ...]
    element_energies: Mapping[str, float]
    date: str = UNKNOWN
    license: str = UNKNOWN
    coverage: Coverage = Coverage.SUPPLIED
    omitted: Mapping[str, str] = field(default_factory=dict)
    source: str = UNKNOWN
    pymatgen_version: str = UNKNOWN

    def __post_init__(self) -> None:
        check_reference_scheme(self.scheme)
        _check_ids([phase.phase_id for phase in self.phases], self.name)
        for phase in self.phases:
            check_finite(phase.formation_energy_per_atom, phase.phase_id, self.name)
        for symbol, energy in self.element_energies.items():
            check_finite(energy, symbol, self.name)

    @property
    def description(self) -> str:
        """The words that complete "27 meV/atom above ..."."""
        if self.coverage is Coverage.ALL_KNOWN:
            return f"the hull of all phases known to {self.name}"
        return "the supplied phases"

    def describe(self) -> dict[str, str | int]:
        """Say what the reference is and how much it holds, as plain data in reading order."""
        return {
            "name": self.name,
            "scheme": self.scheme,
            "date": self.date,
            "license": self.license,
            "source": self.source,
            "pymatgen_version": self.pymatgen_version,
            "coverage": self.coverage.value,
            "num_phases": len(self.phases),
            "num_elements": len(self.element_energies),
            "num_omitted": len(self.omitted),
        }

    def check_candidates(self, fingerprint: str) -> None:
        """Refuse candidates of a potential whose energies do not belong on this hull.

        Raises:
            MixedSchemes: The reference holds the own energies of a different potential.
        """
        check_candidate_scheme(self.scheme, fingerprint)

    def joined(self, other: Reference) -> Reference:
        """Add the phases of another reference of the same scheme and the same elements.

        Raises:
            MixedSchemes: The energy schemes or the zeros of formation energy differ.
            ScreeningError: Both hold a phase of the same id.
        """
        if self.scheme != other.scheme:
            raise MixedSchemes(
                f"'{self.name}' is of scheme '{self.scheme}' and '{other.name}' of "
                f"'{other.scheme}': recompute one of them in the scheme of the other."
            )
        _check_same_zeros(self, other)
        return replace(
            self,
            phases=self.phases + other.phases,
            element_energies={**other.element_energies, **self.element_energies},
            omitted={**other.omitted, **self.omitted},
        )


def formation_energy_per_atom(
    amounts: Mapping[str, float], total_energy: float, element_energies: Mapping[str, float]
) -> float:
    """Return the formation energy in eV/atom of a cell.

    Args:
        amounts: Number of atoms of each element in the cell.
        total_energy: Corrected energy of the cell in eV.
        element_energies: Energy of each element in eV/atom, in the same scheme.
    """
    elements = sum(amount * element_energies[symbol] for symbol, amount in amounts.items())
    return (total_energy - elements) / sum(amounts.values())


def _check_same_zeros(first: Reference, second: Reference) -> None:
    """Refuse to join formation energies that count from different elements."""
    tolerance = 1e-6
    for symbol in sorted(first.element_energies.keys() & second.element_energies.keys()):
        energies = first.element_energies[symbol], second.element_energies[symbol]
        if abs(energies[0] - energies[1]) > tolerance:
            raise MixedSchemes(
                f"{symbol} has {energies[0]:.6f} eV/atom in '{first.name}' and "
                f"{energies[1]:.6f} eV/atom in '{second.name}': rebuild both from the same "
                f"elemental phases."
            )


def check_finite(energy: float, what: str, name: str) -> None:
    """Refuse NaN and infinite energies."""
    if not math.isfinite(energy):
        raise ScreeningError(
            f"The energy of {what} in reference '{name}' is {energy}: give a finite number or "
            f"leave it out."
        )


def _check_ids(ids: list[str], name: str) -> None:
    """Refuse two phases of the same id."""
    doubled = sorted(phase_id for phase_id, count in Counter(ids).items() if count > 1)
    if doubled:
        raise ScreeningError(
            f"Reference '{name}' holds {len(doubled)} ids more than once, {doubled[0]} first: "
            f"give each phase an id of its own."
        )
