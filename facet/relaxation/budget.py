"""How much is evaluated together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What is evaluated together.

    Attributes:
        atoms: Number of atoms.
        edges: Number of directed edges.
    """

    atoms: int
    edges: int

    def holds(self, atoms: int, edges: int) -> bool:
        """Whether so many fit."""
        return atoms <= self.atoms and edges <= self.edges

    def within(self, other: Budget) -> Budget:
        """The smaller of both limits of either."""
        return Budget(min(self.atoms, other.atoms), min(self.edges, other.edges))

    def or_else(self, other: Budget) -> Budget:
        """The same, with the limits of another where these are zero."""
        return Budget(self.atoms or other.atoms, self.edges or other.edges)


NO_LIMIT = Budget(2**62, 2**62)

FIRST_BUDGET = Budget(atoms=512, edges=40_000)
"""Where learning begins, and what runs fastest on a CPU, whose memory is not measured."""
