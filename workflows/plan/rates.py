"""What a round of the engine costs, learned from the rounds of the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.plan.stopwatch import Round

FEWEST_ROUNDS = 4
"""With fewer, all time is laid on the edges."""


class RoundCost(NamedTuple):
    """Seconds of a round: so much each, so much for an atom, so much for an edge.

    Attributes:
        per_round: Whatever it holds.
        per_atom: For each atom.
        per_edge: For each directed edge.
    """

    per_round: float = 0.0
    per_atom: float = 0.0
    per_edge: float = 0.0

    def of(self, atoms: float, edges: float) -> float:
        """Return the seconds of one round."""
        return self.per_round + self.per_atom * atoms + self.per_edge * edges


class Rates(NamedTuple):
    """What rounds cost by one clock.

    Attributes:
        flying: A round of all that fly.
        last_look: One evaluation in double precision of those that seem to be at their end.
        last_looks: Edges evaluated in last looks for each edge of the crystals that were relaxed.
    """

    flying: RoundCost
    last_look: RoundCost
    last_looks: float


def rates_of(rounds: Sequence[Round], clock: str, last_looks: float) -> Rates:
    """Fit what rounds cost.

    Args:
        rounds: The rounds.
        clock: ``wall`` or ``processor``.
        last_looks: As in ``Rates``.
    """
    flying = [each for each in rounds if not each.asked.is_last_look]
    last = [each for each in rounds if each.asked.is_last_look]
    return Rates(_fit(flying or last, clock), _fit(last, clock), last_looks if flying else 0.0)


def _fit(rounds: Sequence[Round], clock: str) -> RoundCost:
    """Least squares without negative costs; the sum of all rounds comes out as it was."""
    if not rounds:
        return RoundCost()
    seconds = np.array([getattr(each, clock) for each in rounds])
    rows = np.array([(1.0, each.asked.atoms, each.asked.edges) for each in rounds])
    if len(rounds) < FEWEST_ROUNDS:
        return RoundCost(per_edge=seconds.sum() / max(1.0, rows[:, 2].sum()))
    scale = np.maximum(rows.max(axis=0), 1.0)
    costs, _ = nnls(rows / scale, seconds)
    fitted = (rows / scale) @ costs
    factor = seconds.sum() / fitted.sum() if fitted.sum() > 0 else 1.0
    return RoundCost(*(costs / scale * factor).tolist())
