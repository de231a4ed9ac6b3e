"""What hull diagrams of two, three and four elements have in common."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from workflows.report.charts.labels import GAP, Label
from workflows.report.charts.lower_hull import facets
from workflows.report.charts.marks import mark
from workflows.report.charts.svg import formula

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workflows.report.charts.marks import Form

NEAR = (0.0, 0.025, 0.05, 0.1)
"""Limits in eV/atom between the colors of distances to the hull."""

NAMED = 14
"""Names that are tried in one diagram."""


RING = 8.5
"""Half the width of the ring around the candidate that is meant."""


class Phase(NamedTuple):
    """A competing phase.

    Attributes:
        name: Its reduced formula.
        fractions: Atomic fractions of the elements of the system.
        energy: Formation energy in eV/atom.
    """

    name: str
    fractions: tuple[float, ...]
    energy: float


class Placed(NamedTuple):
    """A candidate in a diagram.

    Attributes:
        name: Its name in the campaign.
        formula: Its reduced formula.
        fractions: Atomic fractions of the elements of the system.
        energy: Formation energy in eV/atom.
        distance: Signed distance to the hull in eV/atom.
        is_flagged: Whether it is worth DFT.
        is_meant: Whether the diagram is drawn for its sake.
    """

    name: str
    formula: str
    fractions: tuple[float, ...]
    energy: float
    distance: float
    is_flagged: bool
    is_meant: bool = False

    @property
    def form(self) -> Form:
        """Flagged candidates are told apart by their form."""
        return "diamond" if self.is_flagged else "square"

    @property
    def near(self) -> int:
        """Class of its distance, from 1 on or below the hull to 5 far from it."""
        return 1 + sum(self.distance > limit for limit in NEAR)

    @property
    def title(self) -> str:
        """What is said of it when the pointer rests on it."""
        return f"{self.name}: {formula(self.formula)}, {1000 * self.distance:.0f} meV/atom"


class Diagram(NamedTuple):
    """A chemical system.

    Attributes:
        elements: Its symbols in alphabetical order.
        phases: Competing phases, the elements among them.
        placed: Candidates, the most interesting first.
    """

    elements: tuple[str, ...]
    phases: tuple[Phase, ...]
    placed: tuple[Placed, ...]

    @property
    def title(self) -> str:
        """What the diagram is called."""
        return f"Convex hull of {'-'.join(self.elements)}"

    @property
    def description(self) -> str:
        """A sentence for those who do not see it."""
        nearest = min(self.placed, key=lambda each: (not each.is_meant, each.distance))
        return (
            f"{len(self.phases)} competing phases and {len(self.placed)} candidates; "
            f"{nearest.name} ({nearest.formula}) lies {1000 * nearest.distance:.0f} meV/atom above "
            f"the hull."
        )

    def simplices(self) -> list[list[int]]:
        """Return the facets of the hull, each as indices of its phases."""
        below = [at for at, each in enumerate(self.phases) if self._may_touch(each)]
        found = facets(
            [self.phases[at].fractions for at in below], [self.phases[at].energy for at in below]
        )
        return [[below[at] for at in each] for each in found]

    def on_hull(self, simplices: Sequence[Sequence[int]]) -> list[Phase]:
        """Return the phases that the hull is made of."""
        return [self.phases[at] for at in sorted({at for each in simplices for at in each})]

    def _may_touch(self, phase: Phase) -> bool:
        return phase.energy < 0 or max(phase.fractions) == 1


def candidate_names(
    placed: Iterable[Placed], at: Callable[[Placed], tuple[float, float]]
) -> Iterator[Label]:
    """Name the first candidates, those of one formula once: they lie one above the other."""
    first: dict[str, Placed] = {}
    for each in islice(placed, NAMED):
        first.setdefault(each.formula, each)
    for each in first.values():
        gap = RING + 2 if each.is_meant else GAP
        yield Label(at(each), formula(each.formula), "name candidate", gap)


def rings(placed: Iterable[Placed], at: Callable[[Placed], tuple[float, float]]) -> str:
    """Draw a ring around the candidate that a diagram is drawn for, if there is one."""
    return "".join(mark(at(each), "ring", "meant", size=RING) for each in placed if each.is_meant)
