"""Doing something with many crystals, such that who fails does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.state import keep_states

if TYPE_CHECKING:
    from collections.abc import Callable

    from facet.relaxation.state import OptimizerState

    Outcome = TypeVar("Outcome")


def attempt_apart(
    state: OptimizerState, action: Callable[[OptimizerState], Outcome], what: str
) -> list[tuple[OptimizerState, Outcome | Mishap]]:
    """Do it with all crystals; if that fails with halves, until those that fail alone are found.

    Args:
        state: Crystals in flight.
        action: Called with them, or with a part of them, as often as it takes.
        what: Its name at the start of a sentence.

    Returns:
        The parts in order, each with its outcome; only parts of one crystal have a mishap.
    """
    outcome = attempt(lambda: action(state), what)
    count = state.num_structures
    if count <= 1 or not isinstance(outcome, Mishap):
        return [(state, outcome)]
    halves = (range(count // 2), range(count // 2, count))
    return [
        each for half in halves for each in attempt_apart(keep_states(state, half), action, what)
    ]
