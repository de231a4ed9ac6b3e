"""The order in which flagged candidates deserve a DFT calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from screening.budget import Proposal
from screening.rules import StableMeans
from screening.verdict import VerdictStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screening.rules import FlagRule
    from screening.verdict import Verdict

_NOT_DRAWN = frozenset((VerdictStatus.DUPLICATE, VerdictStatus.KNOWN, VerdictStatus.NO_REFERENCE))


class Rankable(Protocol):
    """What a row must say to be ranked."""

    @property
    def material_id(self) -> str:
        """Id that settles ties."""
        ...

    @property
    def energy_above_hull(self) -> float | None:
        """Signed distance to the hull in eV/atom."""
        ...

    @property
    def is_flagged(self) -> bool | None:
        """Whether the flag rule asks for a DFT calculation."""
        ...


Row = TypeVar("Row", bound=Rankable)


def rank(rows: Iterable[Row]) -> list[Row]:
    """Return the flagged rows, most stable first, ties by id."""
    flagged = [
        (row.energy_above_hull, row.material_id, row)
        for row in rows
        if row.is_flagged and row.energy_above_hull is not None
    ]
    return [row for _, _, row in sorted(flagged, key=lambda item: item[:2])]


def proposal_of(
    material_id: str, chemsys: str, verdict: Verdict, core_hours: float, rule: FlagRule
) -> Proposal:
    """Propose a judged candidate to ``screening.budget.choose``.

    Args:
        material_id: The candidate.
        chemsys: Its chemical system.
        verdict: On it, by the rule.
        core_hours: What its calculation costs.
        rule: Says which probability is the worth of a calculation.
    """
    stability = verdict.stability
    if stability is None:
        probability = 0.0
    elif rule.ranking.stable_means is StableMeans.ON_HULL:
        probability = stability.on_hull
    else:
        probability = stability.within_limit
    return Proposal(
        material_id=material_id,
        chemsys=chemsys,
        is_flagged=verdict.is_flagged,
        probability=probability,
        core_hours=core_hours,
        is_known=verdict.values.get("known_as") is not None,
        may_be_drawn=may_be_drawn(verdict.status),
    )


def may_be_drawn(status: VerdictStatus) -> bool:
    """Whether the lot may fall on a candidate of this verdict.

    A copy, a known phase and one without a distance tell nothing of what the rule missed.
    """
    return status not in _NOT_DRAWN
