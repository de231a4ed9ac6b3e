"""Which flagged candidates are calculated, and in which order, under a budget.

What a calculation is worth is the probability that it finds a stable crystal. The next one is
always the one of most worth per core-hour among those that still fit; each one chosen lowers the
worth of the others of its chemical system, so that one chemistry cannot flood the queue.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from screening.errors import ScreeningError
from screening.gates.words import percent
from screening.sampling import draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from screening.rules import FlagRule


class Role(StrEnum):
    """Why a candidate is calculated, or that it is not."""

    CHOSEN = "chosen"
    DRAWN = "drawn"
    LEFT = "left"


@dataclass(frozen=True)
class Proposal:
    """A candidate that could be calculated.

    Attributes:
        material_id: Its id, which settles ties.
        chemsys: Its chemical system, e.g. ``Fe-Li-O``.
        is_flagged: Whether the rule flags it.
        probability: That it is stable, by the rule's limit.
        core_hours: What its calculation costs, above 0.
        is_known: Whether it is a known phase.
        may_be_drawn: Whether the lot may fall on it; a copy of another stands for nothing.
    """

    material_id: str
    chemsys: str
    is_flagged: bool
    probability: float
    core_hours: float
    is_known: bool = False
    may_be_drawn: bool = True


@dataclass(frozen=True)
class Choice:
    """What becomes of a proposal.

    Attributes:
        material_id: The candidate.
        role: Why it is calculated, or that it is not.
        rank: Its place in the queue, from 1; those drawn by lot come last.
        reason: One sentence.
        value: What it was worth per core-hour when it was looked at last.
        inclusion_probability: Chance with which it is calculated: 1 for those chosen, that of
            the lot for the others, 0 for those that could not be drawn.
    """

    material_id: str
    role: Role
    rank: int | None
    reason: str
    value: float
    inclusion_probability: float

    @property
    def is_selected(self) -> bool:
        """Whether it is calculated."""
        return self.role is not Role.LEFT


def choose(proposals: Iterable[Proposal], rule: FlagRule, seed: str) -> list[Choice]:
    """Choose what is calculated, most worth per core-hour first, and draw others by lot.

    Args:
        proposals: Every candidate that could be calculated, flagged or not.
        rule: Says the budget, and what is worth how much.
        seed: Of the lot; a campaign's id.

    Returns:
        A choice for every proposal: those chosen by rank, those drawn, and the others by id. The
        costs of all that are calculated never exceed the budget.

    Raises:
        ScreeningError: A cost or probability is nonsense, or an id comes twice.
    """
    ordered = _checked(proposals)
    allowed, share = rule.budget.core_hours, rule.budget.exploration_share
    queue = _Queue(ordered, rule, math.inf if allowed is None else allowed * (1.0 - share))
    chosen = queue.chosen()
    frame = [each for each in ordered if each.material_id not in chosen and each.may_be_drawn]
    if allowed is None:
        # Without a budget the share is of the number of calculations.
        costs = {each.material_id: 1.0 for each in frame}
        allowance = float(math.ceil(share / (1.0 - share) * len(chosen)))
    else:
        costs = {each.material_id: each.core_hours for each in frame}
        allowance = allowed * share
    lot = draw(costs, allowance, seed)
    return [
        *chosen.values(),
        *_drawn(lot.drawn, lot.chances, len(chosen), queue.values),
        *_left(ordered, queue, chosen.keys() | set(lot.drawn), lot.chances),
    ]


class _Queue:
    """Flagged proposals, the one of most worth per core-hour in front.

    A worth only ever falls, so a proposal whose worth has fallen since it was queued is queued
    again when it comes to the front.
    """

    def __init__(self, proposals: Sequence[Proposal], rule: FlagRule, budget: float) -> None:
        self._rule = rule.ranking
        self._left = budget
        self._taken: Counter[str] = Counter()
        self._flagged = [each for each in proposals if each.is_flagged]
        self.values = {each.material_id: self._value(each) for each in proposals}
        self.reasons = {each.material_id: _NOT_FLAGGED for each in proposals}

    def chosen(self) -> dict[str, Choice]:
        """Choose until nothing is left that fits."""
        heap = [
            (-self._value(each), each.material_id, row) for row, each in enumerate(self._flagged)
        ]
        heapq.heapify(heap)
        chosen: dict[str, Choice] = {}
        while heap:
            queued, name, row = heapq.heappop(heap)
            proposal = self._flagged[row]
            value = self._value(proposal)
            if -queued > value:
                heapq.heappush(heap, (-value, name, row))
                continue
            self.values[name] = value
            obstacle = self._obstacle(proposal)
            if obstacle is not None:
                self.reasons[name] = obstacle
                continue
            self._left -= proposal.core_hours
            self._taken[proposal.chemsys] += 1
            chosen[name] = self._choice(proposal, len(chosen) + 1)
        return chosen

    def _value(self, proposal: Proposal) -> float:
        """Worth per core-hour beside those already chosen."""
        weight = self._rule.known_weight if proposal.is_known else 1.0
        discount = self._rule.discount ** self._taken[proposal.chemsys]
        return float(proposal.probability * weight * discount / proposal.core_hours)

    def _obstacle(self, proposal: Proposal) -> str | None:
        most = self._rule.most_per_system
        if most is not None and self._taken[proposal.chemsys] >= most:
            return f"{proposal.chemsys} has {most} calculations already, the quota of a system."
        if proposal.core_hours > self._left:
            return (
                f"Its {_hours(proposal.core_hours)} do not fit the {_hours(self._left)} that were "
                f"left of the budget."
            )
        return None

    def _choice(self, proposal: Proposal, rank: int) -> Choice:
        number = self._taken[proposal.chemsys]
        reason = (
            f"Stable with a probability of {percent(proposal.probability)} at "
            f"{_hours(proposal.core_hours)}; number {number} of {proposal.chemsys}."
        )
        name = proposal.material_id
        return Choice(name, Role.CHOSEN, rank, reason, self.values[name], 1.0)


_NOT_FLAGGED = "The rule does not flag it."


def _drawn(
    names: Sequence[str],
    chances: Mapping[str, float],
    num_chosen: int,
    values: Mapping[str, float],
) -> Iterable[Choice]:
    for rank, name in enumerate(names, num_chosen + 1):
        reason = f"Drawn by lot with a chance of {percent(chances[name])}, to learn what is missed."
        yield Choice(name, Role.DRAWN, rank, reason, values[name], chances[name])


def _left(
    proposals: Sequence[Proposal],
    queue: _Queue,
    selected: set[str],
    chances: Mapping[str, float],
) -> Iterable[Choice]:
    for each in proposals:
        name = each.material_id
        if name not in selected:
            chance = chances.get(name, 0.0)
            yield Choice(name, Role.LEFT, None, queue.reasons[name], queue.values[name], chance)


def _checked(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Refuse nonsense, and bring proposals into the order of their ids."""
    ordered = sorted(proposals, key=lambda each: each.material_id)
    for each in ordered:
        is_sound = math.isfinite(each.core_hours) and each.core_hours > 0
        if not is_sound or not 0.0 <= each.probability <= 1.0:
            raise ScreeningError(
                f"{each.material_id} costs {each.core_hours} core-hours and is stable with a "
                f"probability of {each.probability}: give a cost above 0 and a probability."
            )
    counts = Counter(each.material_id for each in ordered)
    twice = [name for name, number in counts.items() if number > 1]
    if twice:
        raise ScreeningError(f"{twice[0]} is proposed twice: give each candidate once.")
    return ordered


def _hours(core_hours: float) -> str:
    """Write a cost as people read it."""
    return f"{core_hours:.3g} core-hours"
