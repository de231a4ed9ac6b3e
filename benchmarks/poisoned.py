"""A campaign of healthy and poisoned crystals: do the healthy end as they do among themselves?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from facet.testing import RaisesOn, SmallMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult

    Poison = Callable[[Crystal], Crystal]

MARKER, UNKNOWN = 54, 84
"""Xenon marks the crystals on which the potential raises; it does not know polonium."""

SHARE = 0.01
"""Of the healthy crystals, for each kind of poison."""

GIANT_ATOMS, MEMORY_ATOMS, SMALL_BATCH = 500, 90, 48
LIMITS = {torch.float64: (100, 1e-5), torch.float32: (99, 1e-3)}
"""Percentile of the differences of energy that is limited, and the limit in eV/atom."""


@dataclass(frozen=True)
class Campaign:
    """Crystals by name, and the ends that the poisoned may have.

    Attributes:
        crystals: All of them, the healthy first.
        allowed: Ends by name, of the poisoned only.
    """

    crystals: dict[str, Crystal]
    allowed: dict[str, tuple[StopReason, ...]]

    def shuffled(self, seed: int) -> list[tuple[str, Crystal]]:
        """Names and crystals in another order."""
        items = list(self.crystals.items())
        return [items[i] for i in np.random.default_rng(seed).permutation(len(items))]


def poisoned_campaign(healthy: Sequence[Crystal]) -> Campaign:
    """Join healthy crystals, poisoned versions of some, and one beyond every budget.

    Args:
        healthy: Each of two atoms or more, none with a marked or unknown element.
    """
    crystals = {f"healthy {index}": each for index, each in enumerate(healthy)}
    allowed: dict[str, tuple[StopReason, ...]] = {}
    count = max(2, round(SHARE * len(healthy)))
    for number, (kind, (spoil, end)) in enumerate(POISONS.items()):
        for index in range(count):
            crystals[f"{kind} {index}"] = spoil(healthy[number * count + index])
            allowed[f"{kind} {index}"] = (end,)
    crystals["giant"] = _giant(healthy)
    allowed["giant"] = (StopReason.CONVERGED, StopReason.FAILED)
    return Campaign(crystals, allowed)


def compare(potential: Potential, campaign: Campaign, settings: RelaxSettings) -> dict[str, Any]:
    """Relax the healthy alone, then all in several ways, and compare the ends of the healthy."""
    healthy = [each for each in campaign.crystals.items() if each[0] not in campaign.allowed]
    clean = {each.name: each for each in relax(healthy, potential, settings)}
    raising = RaisesOn(potential, marker=MARKER)
    small = RelaxSettings.from_dict({**settings.to_dict(), "max_batch_atoms": SMALL_BATCH})
    ways: dict[str, tuple[Potential, RelaxSettings, int]] = {
        "poisoned": (raising, settings, 1),
        "poisoned, out of memory": (SmallMemory(raising, max_atoms=MEMORY_ATOMS), settings, 2),
        "poisoned, small batches": (raising, small, 3),
    }
    percentile, limit = LIMITS[potential.dtype]
    report: dict[str, Any] = {"num_healthy": len(clean), "percentile": percentile, "limit": limit}
    for name, (driven, chosen, seed) in ways.items():
        outputs = list(relax(campaign.shuffled(seed), driven, chosen))
        report[name] = _judged(outputs, clean, campaign, percentile)
    report["clean ends"] = dict(Counter(str(each.stop_reason) for each in clean.values()))
    return report


def broken_promises(report: dict[str, Any]) -> list[str]:
    """Say what a report shows that must not be."""
    broken = []
    for name, way in report.items():
        if not isinstance(way, dict) or "difference" not in way:
            continue
        if not way["each_once"]:
            broken.append(f"{name}: not every input came out exactly once")
        broken += [f"{name}: {each}" for each in (*way["other_ends"], *way["wrong_poison_ends"])]
        if not way["difference"] <= report["limit"]:
            broken.append(f"{name}: energies differ by {way['difference']:.2g} eV/atom")
    return broken


def _judged(
    outputs: Sequence[RelaxResult],
    clean: dict[str, RelaxResult],
    campaign: Campaign,
    percentile: float,
) -> dict[str, Any]:
    """Compare one run with the clean one."""
    results = {each.name: each for each in outputs}
    pairs = [(own, results[name]) for name, own in clean.items()]
    away = [abs(own.energy - other.energy) / len(own.species) for own, other in pairs]
    return {
        "each_once": len(outputs) == len(results) == len(campaign.crystals),
        "other_ends": [
            f"{own.name} ends as {other.stop_reason}, alone as {own.stop_reason}: {other.message}"
            for own, other in pairs
            if own.stop_reason is not other.stop_reason
        ],
        "wrong_poison_ends": [
            f"{name} ends as {results[name].stop_reason}: {results[name].message}"
            for name, allowed in campaign.allowed.items()
            if results[name].stop_reason not in allowed
        ],
        "giant": results["giant"].message,
        "difference": float(np.percentile(away, percentile)),
        "largest_difference": float(max(away)),
        "same_number_of_steps": float(np.mean([a.num_steps == b.num_steps for a, b in pairs])),
    }


def _with_nan(crystal: Crystal) -> Crystal:
    positions = crystal.positions.copy()
    positions[-1, 1] = np.nan
    return crystal._replace(positions=positions)


def _overlapping(crystal: Crystal) -> Crystal:
    positions = crystal.positions.copy()
    positions[1] = positions[0] + [0.0, 0.1, 0.0]
    return crystal._replace(positions=positions)


def _vast(crystal: Crystal) -> Crystal:
    volume = abs(np.linalg.det(crystal.cell)) / len(crystal.species)
    scale = (1e4 / volume) ** (1 / 3)
    return crystal._replace(positions=scale * crystal.positions, cell=scale * crystal.cell)


def _flat(crystal: Crystal) -> Crystal:
    cell = crystal.cell.copy()
    cell[2] = cell[0] + cell[1]
    return crystal._replace(cell=cell)


def _with_element(crystal: Crystal, number: int) -> Crystal:
    species = crystal.species.copy()
    species[0] = number
    return crystal._replace(species=species)


def _giant(healthy: Sequence[Crystal]) -> Crystal:
    """A supercell of one of the smallest crystals, with at least so many atoms."""
    cell = min(healthy, key=lambda each: len(each.species))
    times = int(np.ceil((GIANT_ATOMS / len(cell.species)) ** (1 / 3)))
    steps = np.stack(np.meshgrid(*[np.arange(times)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = cell.positions[None] + (steps @ cell.cell)[:, None]
    species = np.tile(cell.species, len(steps))
    return Crystal(species, positions.reshape(-1, 3), times * cell.cell)


POISONS: dict[str, tuple[Poison, StopReason]] = {
    "nan": (_with_nan, StopReason.UNSUPPORTED),
    "overlap": (_overlapping, StopReason.UNSUPPORTED),
    "vast": (_vast, StopReason.UNSUPPORTED),
    "flat": (_flat, StopReason.UNSUPPORTED),
    "unknown element": (lambda each: _with_element(each, UNKNOWN), StopReason.UNSUPPORTED),
    "raises": (lambda each: _with_element(each, MARKER), StopReason.FAILED),
}
