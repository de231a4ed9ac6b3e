"""What is known of one crystal in flight beside its tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facet.relaxation.curve import nothing_passed

if TYPE_CHECKING:
    from array import array

    import numpy as np

    from facet.relaxation.result import RelaxResult
    from facet.relaxation.trajectory import Recorder


@dataclass(frozen=True, eq=False)
class Ticket:
    """The companion of a crystal from its entrance to its result.

    Attributes:
        name: As given, or made of its place in the input.
        is_held: Coordinates that do not move, as in ``Crystal``.
        space_group: Number of that of the input, if it is known.
        recorder: Keeps what it passes, if somebody asked for it.
        ceiling: Energy in eV/atom above which nobody is interested in it, if there is one.
        first_end: Where it came to rest before it was rattled and relaxed again.
        passed: Energy in eV/atom and largest force in eV/angstrom of every evaluation, in turns.
    """

    name: str
    is_held: np.ndarray | None = None
    space_group: int | None = None
    recorder: Recorder | None = None
    ceiling: float | None = None
    first_end: RelaxResult | None = None
    passed: array[float] = field(default_factory=nothing_passed)
