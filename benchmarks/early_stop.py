"""How much crystals still lose, against what the optimizer foresees; and who is stopped wrongly.

    python benchmarks/early_stop.py [--data ../shared/data] [--limit 300]

Constants of ``facet/relaxation/early.py`` come from crystals of the labels (species swapped and
volume guessed, as candidates are); the rates are measured on candidates of the campaign file. A
ceiling is put at many heights beside each crystal's own end, so that the rates depend on how far a
crystal ends from its ceiling and on nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from candidates import campaign_crystals, swapped_crystals
from machine import ROOT

from facet import load
from facet.memory import keep_freed_memory
from facet.relaxation.early import FACTOR, FLOOR, MIN_STEPS, REACH
from facet.relaxation.relaxer import Relaxation
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.result import Stop
    from facet.relaxation.state import OptimizerState

RESULTS = ROOT / "benchmarks" / "results" / "early-stop.json"
DISTANCES = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
"""eV/atom between the end of a crystal and its ceiling."""


class Forecasts(NamedTuple):
    """What was foreseen along the ways of crystals, one row for each evaluation.

    Attributes:
        crystal: Index of the crystal.
        num_steps: Steps taken when it was asked.
        expected: Energy in eV/atom that the optimizer foresaw to be lost.
        fmax: Largest force in eV/angstrom.
        lost: Energy in eV/atom that was lost from there to the end.
    """

    crystal: np.ndarray
    num_steps: np.ndarray
    expected: np.ndarray
    fmax: np.ndarray
    lost: np.ndarray


def forecasts(
    crystals: Sequence[Crystal], potential: Potential, settings: RelaxSettings
) -> Forecasts:
    """Relax crystals and keep what was foreseen of those that converge."""
    rows: list[tuple[int, int, float, float, float]] = []

    def listen(state: OptimizerState) -> dict[int, Stop]:
        counts = state.ledger.num_atoms
        numbers = zip(
            map(int, state.names),
            state.ledger.num_steps.tolist(),
            (state.memory.expected_drop / counts).tolist(),
            state.last_good.fmax.tolist(),
            (state.last_good.energy / counts).tolist(),
            strict=True,
        )
        rows.extend(numbers)
        return {}

    named = ((f"{index}", each) for index, each in enumerate(crystals))
    with patch("facet.relaxation.lane.hopeless", listen):
        results = list(Relaxation(named, potential, settings))
    ends = {
        int(each.name): each.energy / len(each.species)
        for each in results
        if each.stop_reason is StopReason.CONVERGED
    }
    kept = np.array([row for row in rows if row[0] in ends])
    crystal, num_steps, expected, fmax, energy = kept.T
    final = np.array([ends[int(index)] for index in crystal])
    return Forecasts(crystal.astype(int), num_steps, expected, fmax, energy - final)


def rates(
    seen: Forecasts, factor: float = FACTOR, reach: float = REACH, floor: float = FLOOR
) -> list[dict[str, float]]:
    """Share of crystals stopped, and of evaluations saved, by the distance of end and ceiling.

    A positive distance is a crystal that ends above its ceiling and may be stopped; at a negative
    one stopping is wrong.
    """
    table = []
    spare = factor * seen.expected + reach * seen.fmax + floor
    bound = seen.lost - spare  # of the energy above its own end
    for distance in [*(-d for d in reversed(DISTANCES[1:])), *DISTANCES]:
        stops = (seen.num_steps > MIN_STEPS) & (bound > -distance)
        first: dict[int, float] = {}
        for index, step in zip(seen.crystal[stops], seen.num_steps[stops], strict=True):
            first[index] = min(step, first.get(index, step))
        saved = sum(
            step > first.get(index, np.inf)
            for index, step in zip(seen.crystal, seen.num_steps, strict=True)
        )
        table.append(
            {
                "end_above_ceiling": distance,
                "stopped": round(len(first) / len(np.unique(seen.crystal)), 4),
                "evaluations_saved": round(saved / len(seen.crystal), 4),
            }
        )
    return table


def choices(seen: Forecasts) -> list[dict[str, float]]:
    """What other constants would do: wrong stops of crystals that end at or 0.1 below a ceiling."""
    table = []
    for factor, reach, floor in itertools.product(
        (2.0, 4.0), (0.0, 0.2, 0.5, 1.0), (0.1, 0.2, 0.4)
    ):
        at = {each["end_above_ceiling"]: each for each in rates(seen, factor, reach, floor)}
        table.append(
            {
                "factor": factor,
                "reach": reach,
                "floor": floor,
                "wrong_at_ceiling": at[0.0]["stopped"],
                "wrong_0.1_below": at[-0.1]["stopped"],
                "right_0.5_above": at[0.5]["stopped"],
                "saved_0.5_above": at[0.5]["evaluations_saved"],
            }
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--limit", type=int, default=300)
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    potential = load("facet-s")
    settings = RelaxSettings(optimizer="lbfgs-springs")
    calibration = forecasts(swapped_crystals(given.data, given.limit), potential, settings)
    campaign = forecasts(campaign_crystals(given.data, given.limit), potential, settings)
    report = {
        "factor": FACTOR,
        "reach": REACH,
        "floor": FLOOR,
        "num_evaluations": [len(calibration.crystal), len(campaign.crystal)],
        "labels": rates(calibration),
        "choices_on_labels": choices(calibration),
        "campaign": rates(campaign),
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
