"""What a DFT calculation of each candidate is worth, what it costs, and who goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from screening.budget import Role, choose
from screening.cost import core_hours, workload
from screening.errors import ScreeningError
from screening.rank import proposal_of, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from screening.budget import Choice, Proposal
    from screening.rules import FlagRule
    from screening.verdict import Verdict
    from workflows.findings import Finding


class Worth(NamedTuple):
    """What a candidate is worth.

    Attributes:
        core_hours: Cost of its calculation; None where it has none that is known.
        p_stable: Probability of what the rule calls stable; None without a distance.
        choice: What the budget makes of it; None of those that cannot be calculated.
        rank: Its place among the flagged, from 1.
    """

    core_hours: float | None = None
    p_stable: float | None = None
    choice: Choice | None = None
    rank: int | None = None


class Weighed(NamedTuple):
    """A judged candidate and what its calculation costs.

    Attributes:
        material_id: Its name.
        chemsys: Its chemical system.
        verdict: On it.
        energy_above_hull: Signed distance to the hull in eV/atom.
        core_hours: Of its calculation; None where it cannot be calculated.
    """

    material_id: str
    chemsys: str
    verdict: Verdict
    energy_above_hull: float | None
    core_hours: float | None

    @property
    def is_flagged(self) -> bool:
        """Whether it deserves a DFT calculation."""
        return self.verdict.is_flagged

    def proposal(self, rule: FlagRule) -> Proposal:
        """Propose it to the budget of a rule."""
        return proposal_of(
            self.material_id, self.chemsys, self.verdict, self.core_hours or 0.0, rule
        )


def weighed(finding: Finding, rule: FlagRule) -> Weighed:
    """Say what the calculation of a candidate costs that was judged just now."""
    return Weighed(
        finding.material_id,
        finding.relaxed.candidate.chemsys or "",
        finding.verdict,
        finding.energy_above_hull,
        _cost(finding, rule),
    )


def worths(rows: Sequence[Weighed], rule: FlagRule, seed: str) -> dict[str, Worth]:
    """Say of every candidate what it is worth.

    With a budget the flagged are ranked as they are chosen, most worth per core-hour first, those
    left over behind them; without one by their distance to the hull.

    Args:
        rows: Judged by the rule.
        rule: Says the budget, and what is worth how much.
        seed: Of the lot; a campaign's id.
    """
    proposals = {each.material_id: each.proposal(rule) for each in rows}
    possible = [proposals[each.material_id] for each in rows if each.core_hours is not None]
    choices = {each.material_id: each for each in choose(possible, rule, seed)}
    ranks = _ranks(rows, choices, rule)
    return {
        each.material_id: Worth(
            core_hours=each.core_hours,
            p_stable=proposals[each.material_id].probability if each.verdict.stability else None,
            choice=choices.get(each.material_id),
            rank=ranks.get(each.material_id),
        )
        for each in rows
    }


def _cost(finding: Finding, rule: FlagRule) -> float | None:
    """Core-hours of the calculation of a candidate that can be calculated."""
    if not finding.relaxed.is_converged or finding.energy_above_hull is None:
        return None
    try:
        return core_hours(workload(finding.relaxed.structure), rule.cost)
    except ScreeningError:
        return None


def _ranks(
    rows: Iterable[Weighed], choices: Mapping[str, Choice], rule: FlagRule
) -> dict[str, int]:
    """Places of the flagged."""
    ordered = [each.material_id for each in rank(rows)]
    if rule.budget.core_hours is not None:
        ordered.sort(key=lambda name: _place(name, choices))
    return {name: place for place, name in enumerate(ordered, start=1)}


def _place(name: str, choices: Mapping[str, Choice]) -> tuple[int, float, str]:
    """Sort key under a budget: those chosen, those left over, those without a cost."""
    choice = choices.get(name)
    if choice is None:
        return 2, 0.0, name
    if choice.role is Role.CHOSEN:
        return 0, float(choice.rank or 0), name
    return 1, -choice.value, name
