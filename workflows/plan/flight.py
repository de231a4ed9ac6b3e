"""The flight of a shard, played through: who is in the batch in which round, and what that costs.

Crystals enter in their order as there is room, and each leaves after its own number of evaluations.
At the end the batch empties: the last ones fly nearly alone, which is slow, and a campaign pays
that once for every shard.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from facet.relaxation.relaxer import MAX_ROUNDS_OF_WAITING

if TYPE_CHECKING:
    import numpy as np

    from workflows.plan.rates import Rates


class Shard(NamedTuple):
    """Crystals that one job relaxes.

    Attributes:
        atoms: Of each crystal, shape (crystals,).
        edges: Of each crystal, shape (crystals,).
        evaluations: Rounds that each flies, shape (crystals,).
    """

    atoms: np.ndarray
    edges: np.ndarray
    evaluations: np.ndarray


class Flight(NamedTuple):
    """What was done in a shard.

    Attributes:
        num_rounds: Rounds of the batch.
        atom_rounds: Atoms evaluated, summed over the rounds.
        edge_rounds: Edges evaluated, summed over the rounds.
        edges: Edges of all crystals.
    """

    num_rounds: int
    atom_rounds: float
    edge_rounds: float
    edges: float

    def seconds(self, rates: Rates) -> float:
        """Return the time of the shard."""
        looks = rates.last_looks * self.edges
        num_looks = self.num_rounds / MAX_ROUNDS_OF_WAITING if looks else 0.0
        flying, last = rates.flying, rates.last_look
        return (
            flying.per_round * self.num_rounds
            + flying.per_atom * self.atom_rounds
            + flying.per_edge * self.edge_rounds
            + last.per_round * num_looks
            + (last.per_edge + last.per_atom * _ratio(self.atom_rounds, self.edge_rounds)) * looks
        )


def fly(shard: Shard, capacity: tuple[int, float]) -> Flight:
    """Play a shard through.

    Args:
        shard: The crystals in the order of the input.
        capacity: Atoms and edges that a batch holds; a larger crystal flies beside it.
    """
    most_atoms, most_edges = capacity
    waiting = list(zip(*(each.tolist() for each in shard), strict=True))[::-1]
    flying: list[tuple[int, float, float]] = []
    now, room_atoms, room_edges = 0, float(most_atoms), float(most_edges)
    while waiting or flying:
        # Sums of edges are rounded: into an empty batch the next one fits in any case.
        while waiting and (not flying or _fits(waiting[-1], room_atoms, room_edges, capacity)):
            atoms, edges, rounds = waiting.pop()
            taken = (atoms, edges) if atoms <= most_atoms and edges <= most_edges else (0, 0)
            room_atoms, room_edges = room_atoms - taken[0], room_edges - taken[1]
            heapq.heappush(flying, (now + rounds, *taken))
        now, atoms, edges = heapq.heappop(flying)
        room_atoms, room_edges = room_atoms + atoms, room_edges + edges
    return Flight(
        num_rounds=now,
        atom_rounds=float((shard.atoms * shard.evaluations).sum()),
        edge_rounds=float((shard.edges * shard.evaluations).sum()),
        edges=float(shard.edges.sum()),
    )


def _fits(
    crystal: tuple[float, float, int], atoms: float, edges: float, capacity: tuple[int, float]
) -> bool:
    is_giant = crystal[0] > capacity[0] or crystal[1] > capacity[1]
    return is_giant or (crystal[0] <= atoms and crystal[1] <= edges)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
