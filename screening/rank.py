"""The order in which flagged candidates deserve a DFT calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable


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
