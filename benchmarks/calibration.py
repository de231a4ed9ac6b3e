"""What a committee's spread is worth on WBM crystals with known outcome.

    python benchmarks/calibration.py --potential PATH [--data ../shared/data] [--ship]
        [--beside FILE]

Relaxes the WBM rows of the campaign file from their unrelaxed start (kept below ``runs/`` for the
next run), measures their distance to the DFT hull by every member, without phases of their own
formula, and cross-fits the total uncertainty in five formula folds. Writes
``benchmarks/results/calibration.json`` and ``.png`` and prints Markdown.

``--ship`` fits to all rows and writes ``NAME.calibration.json`` beside the checkpoint, which
screening reads; the own hull needs its phases, relaxed and kept below ``runs/screening``.
``--beside`` takes the ``suite-dft.json`` of ``facet evaluate --part wbm`` by another potential, and
says what the disagreement with it is worth.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from calibration_checks import checks, distances_of_other, table
from calibration_cost import of_relaxations, seconds
from calibration_report import draw, markdown
from calibration_ship import ship
from machine import hardware, revision
from scipy.special import stdtr
from scipy.stats import spearmanr
from screening_data import read_known
from wbm_rows import relaxed_rows

from facet.checkpoint import load
from facet.errors import FacetError
from facet.graph.convert import structure_from
from facet.graph.neighbors import build_batch
from facet.memory import keep_freed_memory
from screening.calibration import CrossFit, cross_fit, fit_calibration, fit_with_offset
from screening.corrections import corrected
from screening.entries import make_entry
from screening.errors import ScreeningError
from screening.hull import Hulls
from screening.member_hulls import distances_to_fixed_hull
from screening.references import load_formation_energies
from screening.reliability import (
    GAUSSIAN,
    HEAVY_TAILED,
    LEVELS,
    coverages,
    expected_calibration_error,
    negative_log_likelihood,
)
from workflows.evaluation.discovery import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wbm_rows import WbmRow

    from facet.facet_potential import FacetPotential

RESULTS = Path(__file__).parent / "results"
NAMED = (0.5, 0.8, 0.95)
SHAPES = {"Gaussian": GAUSSIAN, "Student, 4 degrees": HEAVY_TAILED}


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Predictions of relaxed crystals beside what DFT says.

    Attributes:
        names: WBM ids.
        formulas: Reduced formulas.
        predicted: Distance to the hull by the trained layer, eV/atom.
        errors: That minus the DFT distance, eV/atom.
        spreads: Standard deviation of the members' distances, eV/atom.
        skipped: Rows without a distance, each with the reason.
    """

    names: list[str]
    formulas: list[str]
    predicted: np.ndarray
    errors: np.ndarray
    spreads: np.ndarray
    skipped: dict[str, str]


def main() -> None:
    """Relax, compare, fit, and write."""
    arguments = parse_arguments()
    torch.set_num_threads(1)
    keep_freed_memory()
    potential = load(arguments.potential)
    if potential.committee is None:
        raise SystemExit("This checkpoint has no committee: run benchmarks/fit_committee.py on it.")
    rows = relaxed_rows(potential, arguments.data, arguments.cache)
    hulls = Hulls(load_formation_energies(arguments.hull))
    found = outcomes(rows, potential, hulls)
    known = read_known(arguments.data / FILE)
    other, others = None, None
    if arguments.beside:
        by_name = {each.name: each for each in known}
        other, others = distances_of_other(arguments.beside, found.names, by_name, hulls)
    document = {
        "fingerprint": potential.fingerprint,
        "committee": dict(potential.committee.card),
        "file": FILE,
        "num_not_converged": sum(row.stop_reason != "converged" for row in rows),
        **summary(found),
        "checks": {"other": other, **checks(found, others)},
        "seconds": seconds(potential, [row.crystal for row in rows]),
        "relaxations": of_relaxations(potential, arguments.data),
        "hardware": hardware(),
        "revision": revision(),
    }
    if arguments.ship:
        path, document["shipped"] = ship(potential, found, known, hulls, arguments)
        print(f"Wrote {path}.")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "calibration.json").write_text(json.dumps(document, indent=1) + "\n")
    draw(document, RESULTS / "calibration.png")
    print(markdown(document), table(document["checks"]), sep="\n\n")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/calibration"))
    parser.add_argument("--phases", type=Path, default=Path("runs/screening"))
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--ship", action="store_true")
    arguments = parser.parse_args()
    arguments.hull = arguments.data / "mp_hull.json.xz"
    return arguments


def outcomes(rows: list[WbmRow], potential: FacetPotential, hulls: Hulls) -> Outcomes:
    """Place every relaxed row on the hull, once for each member."""
    kept, predicted, spreads, skipped = [], [], [], {}
    for row in rows:
        try:
            entry = make_entry(row.name, structure_from(row.crystal), row.energy)
            correction = corrected(entry, potential.energy_scheme).total - row.energy
            batch = build_batch([row.crystal], potential.cutoff, potential.dtype)
            members = potential.member_energies(batch)[0].numpy() + correction
            place = distances_to_fixed_hull(
                hulls, entry.composition, members.tolist(), without_formula=True
            )
        except (FacetError, ScreeningError) as error:
            skipped[row.name] = str(error)
            continue
        kept.append(row)
        # The members' mean is the prediction, and on a hull that they share so is its distance.
        predicted.append(place.mean)
        spreads.append(place.spread)
    truth = np.array([row.above_hull for row in kept])
    return Outcomes(
        [row.name for row in kept],
        [row.formula for row in kept],
        np.array(predicted),
        np.array(predicted) - truth,
        np.array(spreads),
        skipped,
    )


def summary(found: Outcomes) -> dict[str, Any]:
    """Errors, what the spread says of them, and how well each kind of uncertainty is calibrated."""
    size = np.abs(found.errors)
    order = np.argsort(-size)[:5]
    correlation = spearmanr(found.spreads, size)
    return {
        "num": len(found.errors),
        "num_formulas": len(set(found.formulas)),
        "skipped": found.skipped,
        "mae": float(size.mean()),
        "median": float(np.median(size)),
        "mean_error": float(found.errors.mean()),
        "median_spread": float(np.median(found.spreads)),
        "spearman": {"rho": float(correlation.statistic), "p": float(correlation.pvalue)},
        "mae_by_spread_quarter": [
            float(part.mean()) for part in np.array_split(size[np.argsort(found.spreads)], 4)
        ],
        "largest_errors": {found.names[row]: float(found.errors[row]) for row in order},
        "uncertainty": {
            f"{name}, {shape}": values
            for shape, freedom in SHAPES.items()
            for name, values in kinds(found, freedom)
        },
    }


def kinds(found: Outcomes, freedom: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure ways to state an uncertainty, all but the first on formulas not fitted to."""
    nothing = np.zeros(len(found.errors))
    bare = CrossFit(np.maximum(found.spreads, 1e-9), nothing, np.zeros(0, dtype=np.intp), ())
    yield "spread alone", reliability(found, bare, freedom)
    ways = {
        "constant": (fit_calibration, nothing),
        "total": (fit_calibration, found.spreads),
        "constant with offset": (fit_with_offset, nothing),
        "total with offset": (fit_with_offset, found.spreads),
    }
    for name, (way, spreads) in ways.items():
        fit = partial(way, freedom=freedom)
        fitted = cross_fit(found.errors, spreads, found.formulas, fit=fit)
        yield (
            name,
            {
                **reliability(found, fitted, freedom),
                "folds": [each.to_dict() for each in fitted.calibrations],
                "all": fit(found.errors, spreads).to_dict(),
            },
        )


def reliability(found: Outcomes, fitted: CrossFit, freedom: float) -> dict[str, Any]:
    """Likelihood, calibration error, coverages, and the Brier score of "on or below the hull"."""
    errors, scales = found.errors - fitted.offsets, fitted.scales
    named = coverages(errors, scales, NAMED, freedom)
    probable = stdtr(freedom, -(found.predicted - fitted.offsets) / scales)
    is_stable = found.predicted - found.errors <= 0
    return {
        "nll": negative_log_likelihood(errors, scales, freedom),
        "ece": expected_calibration_error(errors, scales, freedom),
        "brier": float(np.mean((probable - is_stable) ** 2)),
        "expected_stable": float(probable.mean()),
        "found_stable": float(is_stable.mean()),
        "coverage": {f"{level:g}": float(value) for level, value in zip(NAMED, named, strict=True)},
        "curve": coverages(errors, scales, LEVELS, freedom).tolist(),
    }


if __name__ == "__main__":
    main()
