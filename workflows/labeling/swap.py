"""Which species may stand in for which, and how the volume follows."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import Crystal
from workflows.labeling.elements import Element, elements

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

HYDROGEN, NOBLE_GROUP = 1, 18
ELECTRONEGATIVITY_SCALE = 0.4
LOG_RADIUS_SCALE = 0.15
SAME_GROUP_FACTOR = 0.25
"""Within a column larger differences are plausible: fluorine and chlorine, oxygen and sulfur."""

OTHER_GROUP_PENALTY = 1.0
"""A neighboring column changes the charge: chosen less often, and only when very alike."""

MAX_DISTANCE = 2.5


def swapped(
    crystal: Crystal, rng: np.random.Generator, known: AbstractSet[int] | None = None
) -> Crystal | None:
    """Put chemically similar elements in the place of some, and rescale the volume.

    At least one element is replaced, all atoms of it alike, and no two elements become one. The
    volume changes by the ratio of the summed atomic volumes.

    Args:
        crystal: The parent.
        rng: Decides which elements, and by what.
        known: Atomic numbers to choose from; None for all.

    Returns:
        The swapped crystal; None if no element of it has a plausible stand-in.
    """
    present = np.unique(crystal.species).tolist()
    replaced = [number for number in present if _choices(number, present, known)]
    if not replaced:
        return None
    count = int(rng.integers(1, len(replaced) + 1))
    taken = list(present)
    mapping = {}
    for number in rng.permutation(replaced)[:count].tolist():
        choices = _choices(number, taken, known)
        if choices:
            weights = np.exp([-distance for _, distance in choices])
            chosen = int(rng.choice([each for each, _ in choices], p=weights / weights.sum()))
            mapping[number] = chosen
            taken.append(chosen)
    return with_species(crystal, mapping)


def with_species(crystal: Crystal, mapping: dict[int, int]) -> Crystal:
    """Replace elements and rescale the volume by the ratio of the summed atomic volumes."""
    species = np.array([mapping.get(int(each), int(each)) for each in crystal.species])
    scale = (_volume(species) / _volume(crystal.species)) ** (1 / 3)
    return Crystal(species, crystal.positions * scale, crystal.cell * scale)


@lru_cache(maxsize=128)
def stand_ins(number: int) -> tuple[tuple[int, float], ...]:
    """Elements of the same or a neighboring column that may stand in for one, nearest first.

    Each comes with its chemical distance, which rises by one for a difference of 0.4 in
    electronegativity or of 15 % in the cube root of the atomic volume.
    """
    own = elements().get(number)
    if own is None or not _is_swappable(own):
        return ()
    others = [each for each in elements().values() if each != own and _is_swappable(each)]
    beside = [each for each in others if abs(each.group - own.group) <= 1]
    near = [(each.number, _distance(own, each)) for each in beside]
    kept = [pair for pair in near if pair[1] <= MAX_DISTANCE]
    return tuple(sorted(kept, key=lambda pair: (pair[1], pair[0])))


def _choices(
    number: int, taken: list[int], known: AbstractSet[int] | None
) -> list[tuple[int, float]]:
    """Stand-ins that are not in the crystal already and that the labeler knows."""
    return [
        (each, distance)
        for each, distance in stand_ins(number)
        if each not in taken and (known is None or each in known)
    ]


def _is_swappable(element: Element) -> bool:
    is_special = element.number == HYDROGEN or element.group == NOBLE_GROUP
    return not is_special and element.volume > 0 and element.electronegativity > 0


def _distance(first: Element, second: Element) -> float:
    polarity = (first.electronegativity - second.electronegativity) / ELECTRONEGATIVITY_SCALE
    size = np.log(first.volume / second.volume) / 3 / LOG_RADIUS_SCALE
    distance = float(polarity**2 + size**2)
    is_same_group = first.group == second.group
    return SAME_GROUP_FACTOR * distance if is_same_group else OTHER_GROUP_PENALTY + distance


def _volume(species: np.ndarray) -> float:
    """Sum of atomic volumes in A^3; an element without one counts as the average of the others."""
    known = [elements()[int(each)].volume for each in species if int(each) in elements()]
    sizes = [each for each in known if each > 0]
    return len(species) * float(np.mean(sizes)) if sizes else 1.0
