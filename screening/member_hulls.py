"""Distances to the hull as every member of a committee sees them.

Members err together: a distance is computed with one member's energies of the candidate and, where
the phases are its own too, of everything it competes with. The spread is that of the distances;
variances of energies are never added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening.errors import ScreeningError
from screening.references import reference_from_energies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core.composition import Composition

    from screening.hull import HullDistance, Hulls
    from screening.reference import Reference


@dataclass(frozen=True, eq=False)
class MemberDistances:
    """Signed distances of one candidate to the hull, in eV/atom.

    Attributes:
        energies_above_hull: One for each member, shape (members,).
    """

    energies_above_hull: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the members."""
        return float(self.energies_above_hull.mean())

    @property
    def spread(self) -> float:
        """Standard deviation over the members."""
        return float(self.energies_above_hull.std(ddof=1))


def distances_to_fixed_hull(
    hulls: Hulls,
    composition: Composition,
    corrected_energies: Sequence[float],
    *,
    without_formula: bool = False,
) -> MemberDistances:
    """Measure a candidate against phases whose energies no member predicts, such as those of DFT.

    Args:
        hulls: The reference.
        composition: Composition of the candidate's cell.
        corrected_energies: Energy of that cell in eV by each member, in the reference's scheme:
            the adjustments depend on the crystal only and are the same for all members.
        without_formula: As ``Hulls.distance``.

    Raises:
        MissingReference: As ``Hulls.distance``.
        ScreeningError: There are fewer than two members, or as ``Hulls.distance``.
    """
    energies = _checked(corrected_energies)
    center = float(energies.mean())
    place = hulls.distance(composition, center, without_formula=without_formula)
    offsets = (energies - center) / composition.num_atoms
    return MemberDistances(place.energy_above_hull + offsets)


def distances_to_own_hulls(
    member_hulls: Sequence[Hulls],
    composition: Composition,
    corrected_energies: Sequence[float],
    *,
    without_formula: bool = False,
) -> MemberDistances:
    """Measure a candidate against phases that every member gives its own energies.

    Args:
        member_hulls: The reference by each member, as ``member_references`` makes them.
        composition: Composition of the candidate's cell.
        corrected_energies: Energy of that cell in eV by each member, in the same order.
        without_formula: As ``Hulls.distance``.

    Raises:
        MissingReference: As ``Hulls.distance``.
        ScreeningError: Members and hulls differ in number, or as ``Hulls.distance``.
    """
    energies = _checked(corrected_energies)
    if len(member_hulls) != len(energies):
        raise ScreeningError(
            f"{len(energies)} members cannot be measured on {len(member_hulls)} hulls: make one "
            "reference of each member's energies."
        )
    found = [
        hulls.distance(composition, energy, without_formula=without_formula).energy_above_hull
        for hulls, energy in zip(member_hulls, energies.tolist(), strict=True)
    ]
    return MemberDistances(np.array(found))


def distances_to_same_rivals(
    place: HullDistance,
    offsets: NDArray[np.float64],
    rivals: Mapping[str, NDArray[np.float64]] | None,
) -> MemberDistances:
    """Measure a candidate against what it decomposes to, by every member's energies of both.

    This costs a sum where ``distances_to_own_hulls`` costs a hull for each member. It is the same
    as long as no member prefers other competitors, and the zeros of the elements cancel; where a
    member does, its distance is larger than this one by the second order of the offsets.

    Args:
        place: Where the candidate lies.
        offsets: Of its energy by each member, in eV/atom less the energy, shape (members,).
        rivals: The same of the competing phases by id; None where no member predicts them, such as
            those of DFT.

    Raises:
        ScreeningError: A competitor has no energies by member, or by another number of them.
    """
    moved = np.array(offsets, dtype=np.float64)
    for phase_id, share in place.decomposes_to.items() if rivals is not None else ():
        found = (rivals or {}).get(phase_id)
        if found is None or found.shape != moved.shape:
            raise ScreeningError(
                f"{share.formula} ({phase_id}), to which it decomposes, is stored without energies "
                f"by member: relax the reference again to have them."
            )
        moved -= share.fraction * np.asarray(found, dtype=np.float64)
    return MemberDistances(place.energy_above_hull + moved)


def member_references(
    name: str, scheme: str, phases: Iterable[tuple[str, Composition, Sequence[float]]]
) -> tuple[Reference, ...]:
    """Build one reference of each member's energies of the same phases and elements.

    Args:
        name: What reports call the reference.
        scheme: Energy scheme of all the energies.
        phases: Id, composition of the cell, and its corrected energy in eV by each member.

    Raises:
        ScreeningError: Phases differ in their number of members, or as
            ``reference_from_energies``.
    """
    known = list(phases)
    counts = {len(energies) for _, _, energies in known}
    if len(counts) != 1:
        raise ScreeningError(
            f"The phases of '{name}' have energies by {sorted(counts)} members: give every phase "
            "the same members."
        )
    return tuple(
        reference_from_energies(
            name,
            scheme,
            [(phase_id, composition, float(of[member])) for phase_id, composition, of in known],
        )
        for member in range(counts.pop())
    )


def _checked(energies: Sequence[float]) -> NDArray[np.float64]:
    """Bring members' energies to an array; a spread needs two."""
    array = np.asarray(energies, dtype=np.float64)
    if array.ndim != 1 or array.size < 2:  # noqa: PLR2004 (a spread needs two)
        raise ScreeningError(
            f"Member energies of shape {array.shape} have no spread: give one energy for each of "
            "two members or more."
        )
    return array
