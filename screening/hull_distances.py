"""What is measured of one candidate: its distance to each hull by name, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from screening.errors import MissingReference, ScreeningError
from screening.formulas import element_amounts, pretty_formula
from screening.hull import HullDistance
from screening.reference import ReferencePhase, formation_energy_per_atom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.composition import Composition


class HullName(StrEnum):
    """What a hull is made of."""

    DFT = "dft"
    OWN = "own"
    SELF = "self"


@dataclass(frozen=True)
class NoReference:
    """Why a candidate has no distance to a hull.

    Attributes:
        reason: One sentence.
        elements: Elements of which the reference knows too little, if that is why.
    """

    reason: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class HullCandidate:
    """A relaxed candidate as the hulls see it.

    Attributes:
        material_id: Its name in the campaign.
        composition: Composition of its cell.
        corrected_energy_total: Energy of that cell in eV by the potential, with the corrections
            of DFT.
        is_converged: Whether it is at rest; only then may it be a competitor.
        twins: Candidates that are the same crystal; they are no competitors of it.
    """

    material_id: str
    composition: Composition
    corrected_energy_total: float
    is_converged: bool = True
    twins: tuple[str, ...] = ()

    @property
    def phase_id(self) -> str:
        """Its id as a phase."""
        return candidate_phase_id(self.material_id)

    def phase(self, element_energies: Mapping[str, float]) -> ReferencePhase:
        """Return it as a phase that others compete with.

        Args:
            element_energies: Zeros of formation energy in eV/atom.

        Raises:
            MissingReference: An element of it has no zero.
            ScreeningError: Its energy is not a finite number.
        """
        amounts = element_amounts(self.composition)
        unpriced = tuple(sorted(amounts.keys() - element_energies.keys()))
        if unpriced:
            raise MissingReference(
                f"{self.material_id} cannot be placed without an elemental phase of "
                f"{', '.join(unpriced)}: add one of each to the own reference.",
                unpriced,
            )
        if not math.isfinite(self.corrected_energy_total):
            raise ScreeningError(
                f"{self.material_id} has the energy {self.corrected_energy_total} and no place on "
                f"a hull: relax it again."
            )
        formation = formation_energy_per_atom(
            amounts, self.corrected_energy_total, element_energies
        )
        return ReferencePhase(self.phase_id, pretty_formula(self.composition), formation)


@dataclass(frozen=True)
class HullDistances:
    """Where a candidate lies on each of the three hulls.

    Attributes:
        by_name: For each hull the distance, or why there is none.
    """

    by_name: Mapping[HullName, HullDistance | NoReference]

    def distance(self, name: HullName) -> HullDistance | None:
        """Return what was measured against a hull, if anything was."""
        found = self.by_name[name]
        return found if isinstance(found, HullDistance) else None

    def energy_above_hull(self, name: HullName) -> float | None:
        """Return the signed distance to a hull in eV/atom, if there is one."""
        found = self.distance(name)
        return found.energy_above_hull if found else None

    def no_reference(self, name: HullName) -> str | None:
        """Return the sentence that says why there is no distance to a hull, if there is none."""
        found = self.by_name[name]
        return found.reason if isinstance(found, NoReference) else None

    @property
    def disagreement(self) -> float | None:
        """How much higher in eV/atom the candidate lies above the dft than above the own hull.

        The candidate's energy is the same in both; what remains is the error of the potential in
        the phases that it competes with.
        """
        return self.disagreement_between(HullName.DFT, HullName.OWN)

    def disagreement_between(self, first: HullName, second: HullName) -> float | None:
        """Return the distance to one hull less that to another in eV/atom, if there are both."""
        distances = self.energy_above_hull(first), self.energy_above_hull(second)
        if distances[0] is None or distances[1] is None:
            return None
        return distances[0] - distances[1]


def candidate_phase_id(material_id: str) -> str:
    """Name a candidate as a phase, apart from reference phases of the same name."""
    return f"candidate:{material_id}"
