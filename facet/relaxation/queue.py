"""The waiting line: reads structures one by one, and lets them in as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facet.relaxation.state import OptimizerState
from facet.relaxation.suspended import Suspended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.relaxation.budget import Budget
    from facet.relaxation.entrance import Entrance
    from facet.relaxation.result import RelaxResult


class StructureQueue:
    """Structures that wait for a place in the batch; at most one is read ahead.

    Args:
        structures: Structures, or pairs of name and structure.
        entrance: Lets each of them in, or refuses it.
    """

    def __init__(self, structures: Iterable[object], entrance: Entrance) -> None:
        self._items = enumerate(structures)
        self._entrance = entrance
        self._next: OptimizerState | RelaxResult | None = None

    def take_beside(
        self, flying: OptimizerState, budget: Budget
    ) -> Iterator[OptimizerState | RelaxResult]:
        """Yield the crystals that fit beside those in flight, and results of those refused.

        They keep their order. A crystal larger than the budget is evaluated alone whatever else
        flies, so that it takes nobody's place; but only one of these flies at a time.
        """
        room = _Room(budget, flying)
        while (entrant := self._look_at_next()) is not None:
            if isinstance(entrant, OptimizerState) and not room.takes(entrant):
                return
            self._next = None
            yield entrant

    def give_back(self) -> list[OptimizerState]:
        """Hand out the crystal that was read ahead, if there is one that can be relaxed."""
        ahead, self._next = self._next, None
        return [ahead] if isinstance(ahead, OptimizerState) else []

    def _look_at_next(self) -> OptimizerState | RelaxResult | None:
        if self._next is None:
            for index, item in self._items:
                if item is None:  # nothing is ready yet
                    return None
                self._next = self._entrance.admit(*_named(item, index))
                break
        return self._next


class _Room:
    """What is left of a budget beside the crystals in flight."""

    def __init__(self, budget: Budget, flying: OptimizerState) -> None:
        self._budget = budget
        self._atoms = self._edges = 0
        self._has_giant = False
        counts = flying.ledger.num_atoms.tolist(), flying.ledger.num_edges.tolist()
        for atoms, edges in zip(*counts, strict=True):
            self._add(atoms, edges)

    def takes(self, entrant: OptimizerState) -> bool:
        """Whether there is room for one more, who then has it."""
        atoms, edges = entrant.num_atoms, entrant.num_edges
        if self._budget.holds(atoms, edges):
            is_first = self._atoms == 0
            if not is_first and not self._budget.holds(self._atoms + atoms, self._edges + edges):
                return False
        elif self._has_giant:
            return False
        self._add(atoms, edges)
        return True

    def _add(self, atoms: int, edges: int) -> None:
        if self._budget.holds(atoms, edges):
            self._atoms, self._edges = self._atoms + atoms, self._edges + edges
        else:
            self._has_giant = True


def _named(item: object, index: int) -> tuple[str, object]:
    """Split a pair of name and structure, or name a structure by its place in the input."""
    match item:
        case Suspended():
            return item.name, item
        case (str() as name, source):
            return name, source
    return f"structure-{index}", item
