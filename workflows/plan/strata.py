"""A sample of crystals that stands for all: strata of like work, some of each."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.structure import Structure

    from workflows.inputs import InputCrystal

SEED = 0
"""The same input has the same sample."""


class Load(NamedTuple):
    """What one evaluation of a crystal costs.

    Attributes:
        atoms: Number of atoms.
        edges: Directed edges within the cutoff, expected from the density.
    """

    atoms: int
    edges: float

    @property
    def stratum(self) -> int:
        """Crystals of one stratum differ by less than a factor of two in work."""
        return math.floor(math.log2(max(1.0, self.edges)))


class Sampled(NamedTuple):
    """A crystal of the sample.

    Attributes:
        crystal: As it was read.
        load: What one evaluation of it costs.
    """

    crystal: InputCrystal
    load: Load


def load_of(structure: Structure, cutoff: float) -> Load:
    """Return what one evaluation of a crystal costs with a cutoff in angstrom."""
    density = len(structure) / structure.volume
    neighbors = 4.0 / 3.0 * math.pi * cutoff**3 * density
    return Load(len(structure), len(structure) * neighbors)


@dataclass
class Reservoir:
    """Some crystals of one stratum, each with the same chance, in a single pass.

    Attributes:
        kept: The crystals that are held now.
        num_seen: How many came by.
        edges: Their expected edges together.
    """

    kept: list[Sampled] = field(default_factory=list)
    num_seen: int = 0
    edges: float = 0.0


class Strata:
    """Crystals that come by, of which some of every stratum are kept.

    Args:
        most: Crystals kept of each stratum, which is the largest sample.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._random = random.Random(SEED)  # noqa: S311 (a lot, no secret)
        self.reservoirs: dict[int, Reservoir] = {}

    def offer(self, sampled: Sampled) -> None:
        """Let a crystal come by."""
        reservoir = self.reservoirs.setdefault(sampled.load.stratum, Reservoir())
        reservoir.num_seen += 1
        reservoir.edges += sampled.load.edges
        if len(reservoir.kept) < self._most:
            reservoir.kept.append(sampled)
            return
        place = self._random.randrange(reservoir.num_seen)
        if place < self._most:
            reservoir.kept[place] = sampled

    def sample(self, size: int) -> dict[int, list[Sampled]]:
        """Draw a sample: more of what is frequent and of what costs much, one of each at least.

        Args:
            size: Crystals in the sample, or all where there are not so many.
        """
        shares = _shares(self.reservoirs, size)
        return {
            stratum: self._random.sample(self.reservoirs[stratum].kept, shares[stratum])
            for stratum in sorted(shares)
        }


def _shares(reservoirs: Mapping[int, Reservoir], size: int) -> dict[int, int]:
    """Sizes of the samples, in proportion to number and to the root of the work of one."""
    weights = {
        stratum: math.sqrt(each.num_seen * each.edges) for stratum, each in reservoirs.items()
    }
    total = sum(weights.values())
    shares = dict.fromkeys(weights, 1)
    # The largest claim that is not met yet goes first, so that rounding loses nobody.
    for _ in range(size - len(shares)):
        open_ones = [key for key in shares if shares[key] < len(reservoirs[key].kept)]
        if not open_ones:
            break
        claims = {key: weights[key] / total * size - shares[key] for key in open_ones}
        shares[max(claims, key=claims.__getitem__)] += 1
    return shares
