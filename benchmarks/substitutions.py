"""Candidates with energies but no crystals: known phases with other elements in their places."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pymatgen.core.composition import Composition

from screening.formulas import element_amounts

if TYPE_CHECKING:
    from screening.reference import Reference

SEED = 7
SIZES = range(1, 9)
NUM_COMMON = 16


class Drawn(NamedTuple):
    """A candidate: its composition and its energy in eV, in the reference's scheme."""

    composition: Composition
    energy: float


def draw(reference: Reference, number: int) -> list[Drawn]:
    """Substitute the elements of known phases, as many of each number of elements."""
    dice = np.random.default_rng(SEED)
    known = [
        (element_amounts(Composition(each.formula)), each.formation_energy_per_atom)
        for each in reference.phases
    ]
    parents = {size: [each for each in known if len(each[0]) == size] for size in SIZES}
    counts = Counter(symbol for amounts, _ in known for symbol in amounts)
    symbols = sorted(counts.keys() & reference.element_energies.keys())
    frequencies = np.array([counts[symbol] for symbol in symbols], dtype=float)
    weights = (frequencies / frequencies.sum(), None)
    drawn = []
    for index in range(number):
        choices = parents[SIZES[index % len(SIZES)]]
        amounts, formation = choices[dice.integers(len(choices))]
        chance = weights[index // len(SIZES) % 2]
        others = dice.choice(symbols, len(amounts), replace=False, p=chance).tolist()
        substituted = dict(zip(others, amounts.values(), strict=True))
        energy = formation + dice.normal(0.0, 0.1)
        drawn.append(Drawn(Composition(substituted), total(substituted, energy, reference)))
    return drawn


def draw_crowded(reference: Reference, number: int) -> list[Drawn]:
    """Draw candidates of eight of the commonest elements, where most phases compete."""
    dice = np.random.default_rng(SEED + 2)
    counts = Counter(
        symbol for each in reference.phases for symbol in element_amounts(Composition(each.formula))
    )
    common = sorted(symbol for symbol, _ in counts.most_common(NUM_COMMON))
    drawn = []
    for _ in range(number):
        symbols = dice.choice(common, 8, replace=False).tolist()
        amounts = {symbol: float(dice.integers(1, 7)) for symbol in symbols}
        drawn.append(Drawn(Composition(amounts), total(amounts, -1.5, reference)))
    return drawn


def total(amounts: dict[str, float], formation: float, reference: Reference) -> float:
    """Return the energy of a cell in eV from its formation energy in eV/atom."""
    zeros = reference.element_energies
    return sum(n * (zeros[symbol] + formation) for symbol, n in amounts.items())
