"""Crystals brought to rest more closely than screening needs, and what came in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings


class Fault(NamedTuple):
    """Why something could not be measured of one crystal.

    Attributes:
        reason: One sentence.
        seconds: Time spent on it.
    """

    reason: str
    seconds: float = 0.0


class Rest(NamedTuple):
    """A crystal at rest.

    Attributes:
        crystal: Exactly as symmetric as it was nearly.
        seconds: Time spent on it.
    """

    crystal: Crystal
    seconds: float


def at_rest(
    potential: Potential, crystals: Iterable[tuple[str, Crystal]], settings: RelaxSettings
) -> Iterator[tuple[str, Rest | Fault]]:
    """Relax crystals together and yield each with its name when it stops.

    Args:
        potential: Gives energies, forces and stresses.
        crystals: With unique names.
        settings: How closely they come to rest.
    """
    for result in relax(crystals, potential, settings):
        if result.stop_reason is StopReason.CONVERGED:
            yield result.name, Rest(result.crystal, result.wall_share)
        else:
            yield result.name, Fault(f"It did not come to rest: {said(result)}", result.wall_share)


def said(result: RelaxResult, name: str | None = None) -> str:
    """Return why a crystal stopped, without its name before it."""
    return result.message.removeprefix(f"{name or result.name}: ")
