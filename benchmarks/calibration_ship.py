"""The calibration that ships beside a checkpoint, fitted to all known outcomes."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from screening_own import own_reference, relaxed_phases
from screening_places import corrected_energy
from screening_rows import relaxed_rows

from facet.calibration import SUFFIX, ShippedCalibration
from facet.checkpoint import resolve
from screening.calibration import cross_fit, fit_with_offset
from screening.hull_distances import HullCandidate, HullName
from screening.member_hulls import distances_to_same_rivals
from screening.reliability import HEAVY_TAILED, coverages, expected_calibration_error
from screening.three_hulls import ThreeHulls
from workflows.evaluation.discovery import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from calibration import Outcomes
    from screening_data import KnownCandidate
    from screening_rows import RelaxedRow

    from facet.facet_potential import FacetPotential
    from screening.hull import Hulls

FIT = partial(fit_with_offset, freedom=HEAVY_TAILED)
COMMAND = "python benchmarks/calibration.py --potential {} --ship"


def ship(
    potential: FacetPotential,
    found: Outcomes,
    known: Sequence[KnownCandidate],
    hulls: Hulls,
    arguments: argparse.Namespace,
) -> tuple[Path, dict[str, Any]]:
    """Fit errors on the dft and the own hull, and write them beside the checkpoint.

    Returns:
        Where they are, and how well they hold for formulas not fitted to.
    """
    cache = argparse.Namespace(data=arguments.data, cache=arguments.phases)
    rows = list(on_own_hull(potential, known, hulls, cache))
    own = (
        np.array([each[1] for each in rows]),
        np.array([each[2] for each in rows]),
        [each[0] for each in rows],
    )
    outcomes = {
        HullName.DFT.value: (found.errors, found.spreads, found.formulas),
        HullName.OWN.value: own,
    }
    path = resolve(arguments.potential)
    made = ShippedCalibration(
        fingerprint=potential.fingerprint,
        date=datetime.now(UTC).date().isoformat(),
        data=f"WBM rows of {FILE}, relaxed from their unrelaxed start, against DFT without phases "
        "of their own formula; Student's distribution",
        command=COMMAND.format(path.stem),
        hulls={
            name: {**FIT(errors, spreads).to_dict(), "num_outcomes": len(errors)}
            for name, (errors, spreads, _) in outcomes.items()
        },
    )
    target = path.with_name(f"{path.stem}{SUFFIX}")
    target.write_text(made.to_text())
    return target, {name: held(*each) for name, each in outcomes.items()}


def held(errors: np.ndarray, spreads: np.ndarray, formulas: Sequence[str]) -> dict[str, Any]:
    """Say how well calibrations hold for formulas that they were not fitted to."""
    fitted = cross_fit(errors, spreads, formulas, fit=FIT)
    left = errors - fitted.offsets
    named = (0.5, 0.8, 0.95)
    return {
        "num": len(errors),
        "mean_error": float(errors.mean()),
        "median_spread": float(np.median(spreads)),
        "median_scale": float(np.median(fitted.scales)),
        "coverage": coverages(left, fitted.scales, named, HEAVY_TAILED).tolist(),
        "ece": expected_calibration_error(left, fitted.scales, HEAVY_TAILED),
    }


def on_own_hull(
    potential: FacetPotential,
    known: Sequence[KnownCandidate],
    hulls: Hulls,
    arguments: argparse.Namespace,
) -> Iterator[tuple[str, float, float]]:
    """Yield formula, error and spread in eV/atom of candidates that the own hull can place."""
    phases = relaxed_phases(potential, known, hulls, arguments)
    certain = [each for each in known if each.is_certain]
    crystals = {each.name: each.crystal for each in certain}
    relaxed = relaxed_rows(potential, crystals, arguments.cache)
    three = ThreeHulls(
        potential.fingerprint, dft=hulls.reference, own=own_reference(phases, potential)
    )
    rivals = {name: offsets_of(row) for name, row in phases.items()}
    for each in certain:
        row = relaxed[each.name]
        energy = corrected_energy(row.name, row.crystal, row.energy, potential.energy_scheme)
        if energy is None or not row.is_converged:
            continue
        candidate = HullCandidate(each.name, each.composition, energy)
        place = three.measure(candidate, without_formula=True).distance(HullName.OWN)
        if place is not None:
            spread = distances_to_same_rivals(place, offsets_of(row), rivals).spread
            yield each.formula, place.energy_above_hull - each.without_own, spread


def offsets_of(row: RelaxedRow) -> np.ndarray:
    """Energies by each member less their mean, in eV/atom."""
    members = np.array(row.members) / len(row.crystal.species)
    centered: np.ndarray = members - members.mean()
    return centered
