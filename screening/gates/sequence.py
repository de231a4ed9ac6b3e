"""The gates in their order, cheap to dear, up to the first that is not passed."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from screening.gates import energetic, late, structural
from screening.gates.outcome import GateOutcome, GateStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from screening.evidence import Evidence
    from screening.rules import FlagRule
    from screening.stability import Stability

_NOT_REACHED = "Not reached: the candidate had ended before."


def outcomes_of(
    evidence: Evidence, rule: FlagRule, stability: Stability | None
) -> tuple[GateOutcome, ...]:
    """Ask every gate, whether it is reached or not: comparing numbers that are known costs nothing.

    Args:
        evidence: What was measured.
        rule: What is allowed.
        stability: How probable it is that the candidate is stable, if it has a distance.
    """
    return tuple(_gates(evidence, rule, stability))


def walk(outcomes: Iterable[GateOutcome]) -> tuple[GateOutcome, ...]:
    """Lead a candidate through the gates; those behind the first failure are not reached."""
    walked = []
    has_ended = False
    for outcome in outcomes:
        walked.append(_not_reached(outcome) if has_ended else outcome)
        has_ended = has_ended or outcome.is_failure
    return tuple(walked)


def obstacles_in(outcomes: Iterable[GateOutcome]) -> tuple[str, ...]:
    """Return the sentence of every gate that is not passed, whether it is reached or not.

    Who mends the first fault wants to know the next one.
    """
    return tuple(each.sentence for each in outcomes if each.is_failure)


def _gates(
    evidence: Evidence, rule: FlagRule, stability: Stability | None
) -> Iterator[GateOutcome]:
    """Yield the outcome of every gate, compared as it is asked for."""
    for gate in _OF_THE_CRYSTAL:
        yield gate(evidence, rule)
    yield energetic.hull(evidence, rule)
    yield from chain(
        energetic.named_hulls(evidence, rule),
        energetic.probability(rule, stability),
    )
    yield energetic.depth(evidence, rule)
    yield energetic.uncertainty(evidence, rule, stability)
    for gate in _FROM_ELSEWHERE:
        yield gate(evidence, rule)


def _not_reached(outcome: GateOutcome) -> GateOutcome:
    return replace(
        outcome, status=GateStatus.NOT_REACHED, sentence=_NOT_REACHED, value=None, limit=None
    )


_OF_THE_CRYSTAL = (
    structural.converged,
    structural.volume,
    structural.distances,
    structural.coordination,
    structural.neutrality,
    structural.prototype,
)
_FROM_ELSEWHERE = (late.unique, late.new, late.dynamical, late.elastic)
