"""How much a plan depends on the sample: the same crystals, the sample drawn again and again.

    python benchmarks/plan_draws.py [--size 32] [--draws 40]

Every crystal is relaxed once; then only the steps of those that a draw chose are shown to the
forecast, which is compared with the steps of all.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.inputs import read_crystals
from workflows.plan import forecast, strata
from workflows.plan.census import take_census
from workflows.plan.forecast import Forecaster
from workflows.plan.known import Known
from workflows.plan.measuring import Relaxed, measure
from workflows.plan.sizes import DocumentSizes
from workflows.potentials import resident_potential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facet.relaxation.result import RelaxResult
    from workflows.plan.forecast import Range
    from workflows.plan.strata import Sampled

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CANDIDATES = DATA / "campaign_substitution.extxyz.xz"
NOTHING = DocumentSizes(0, 0, 0, 0, 0)
REPLICATES = 60


def main() -> None:
    """Draw, foretell, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=500, help="crystals in all")
    parser.add_argument("--size", type=int, default=32, help="crystals in a sample")
    parser.add_argument("--draws", type=int, default=40, help="how often a sample is drawn")
    asked = parser.parse_args()
    forecast.REPLICATES = REPLICATES
    crystals = list(islice(read_crystals([CANDIDATES]), asked.number))
    potential = resident_potential("facet-s")
    ends = {each.name: each for each in relax(((c.name, c.structure) for c in crystals), potential)}
    true = sum(each.num_steps for each in ends.values())
    timed = None
    told = []
    for seed in range(asked.draws):
        strata.SEED = seed
        nobody = Known(None, potential.fingerprint, {}, "not asked")
        census = take_census(crystals, [], potential, nobody, asked.size)
        sample = census.strata.sample(asked.size)
        timed = timed or measure(sample, potential, RelaxSettings(), asked.number)
        shown = replace(timed, strata={key: seen(some, ends) for key, some in sample.items()})
        told.append(Forecaster(census, shown, asked.number).forecast().steps)
    report(told, true)


def seen(sample: Sequence[Sampled], ends: Mapping[str, RelaxResult]) -> list[Relaxed]:
    """Return what a plan would have seen of some crystals."""
    results = [(each.load, ends[each.crystal.name]) for each in sample]
    return [
        Relaxed(load, end.stop_reason.value, end.num_steps, end.num_evaluations, NOTHING)
        for load, end in results
    ]


def report(told: Sequence[Range], true: int) -> None:
    """Print how far the forecasts were from the truth."""
    ratios = np.array([each.expected for each in told]) / true
    share = np.mean([each.low <= true <= each.high for each in told])
    print(
        f"{true} steps; foretold / true: mean {ratios.mean():.2f}, standard deviation "
        f"{ratios.std():.2f}, from {ratios.min():.2f} to {ratios.max():.2f}; "
        f"{share:.0%} of the ranges hold the truth"
    )


if __name__ == "__main__":
    main()
