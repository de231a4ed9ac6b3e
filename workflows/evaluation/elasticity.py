"""Elastic moduli of relaxed crystals against DFT, by finite differences of the stress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facet.graph.elements import SYMBOLS
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from screening.json_files import read_json
from workflows.evaluation.sample import sample
from workflows.stability.stiffness import (
    SIGNED_STRAINS,
    Moduli,
    stiffness_of,
    strained,
    voigt_reuss_hill,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult

FILE = "mp-binary-pbe-elasticity-2025.1.json.gz"

NUM_CRYSTALS = 100
"""Crystals of the suite; the file holds 3,953."""

AT_REST = RelaxSettings(fmax=0.02, smax=0.05)
IONS_AT_REST = RelaxSettings(fmax=0.02, cell="fixed")


class Elastic(NamedTuple):
    """A crystal with its DFT moduli.

    Attributes:
        name: Material id.
        crystal: Relaxed by DFT.
        bulk: Voigt-Reuss-Hill bulk modulus in GPa.
        shear: Voigt-Reuss-Hill shear modulus in GPa.
    """

    name: str
    crystal: Crystal
    bulk: float
    shear: float


def measure_elasticity(potential: Potential, data: Path, limit: int | None) -> dict[str, Any]:
    """Compare bulk and shear moduli with DFT.

    Args:
        potential: The potential.
        data: Folder of the file.
        limit: Crystals at most; never more than the suite has.

    Returns:
        Errors over the crystals that relaxed and are stable under every small strain, the number
        of those that are not, and a row for each crystal.
    """
    known = [
        each
        for each in read_elastic(data / FILE)
        if set(each.crystal.species.tolist()) <= potential.species
    ]
    chosen = sample(known, min(NUM_CRYSTALS, limit or NUM_CRYSTALS))
    found = moduli_of(potential, [(each.name, each.crystal) for each in chosen])
    rows = [_row(each, found.get(each.name)) for each in chosen]
    good = [row for row in rows if row["bulk"] is not None]
    bulk = np.array([[row["bulk"], row["dft_bulk"]] for row in good]).reshape(-1, 2)
    shear = np.array([[row["shear"], row["dft_shear"]] for row in good]).reshape(-1, 2)
    return {
        "num_crystals": len(rows),
        "num_failed": len(rows) - len(good),
        **_errors("bulk", bulk),
        **_errors("shear", shear),
        "rows": rows,
    }


def read_elastic(path: Path) -> list[Elastic]:
    """Read crystals and their moduli."""
    rows: Any = read_json(path)
    return [
        Elastic(row["mp_id"], _crystal(row), row["bulk_modulus_vrh"], row["shear_modulus_vrh"])
        for row in rows
    ]


def moduli_of(potential: Potential, crystals: Iterable[tuple[str, Crystal]]) -> dict[str, Moduli]:
    """Relax crystals and measure their moduli with ions at rest under every strain.

    Returns:
        Moduli by name; a crystal that did not come to rest, or gives way to a strain, is missing.
    """
    resting = {each.name: each for each in _converged(relax(crystals, potential, AT_REST))}
    stresses = {
        each.name: each.stress
        for each in _converged(relax(_strained(resting.values()), potential, IONS_AT_REST))
    }
    found = {name: _moduli(name, stresses) for name in resting}
    return {name: moduli for name, moduli in found.items() if moduli is not None}


def _converged(results: Iterable[RelaxResult]) -> Iterator[RelaxResult]:
    return (each for each in results if each.stop_reason is StopReason.CONVERGED)


def _strained(resting: Iterable[RelaxResult]) -> Iterator[tuple[str, Crystal]]:
    for each in resting:
        crystal = Crystal(each.species, each.positions, each.cell)
        for (column, sign), moved in strained(crystal):
            yield _label(each.name, column, sign), moved


def _moduli(name: str, stresses: Mapping[str, np.ndarray]) -> Moduli | None:
    found = {each: stresses.get(_label(name, *each)) for each in SIGNED_STRAINS}
    known = {each: stress for each, stress in found.items() if stress is not None}
    return voigt_reuss_hill(stiffness_of(known)) if len(known) == len(found) else None


def _label(name: str, column: int, sign: int) -> str:
    return f"{name} {column} {sign}"


def _crystal(row: Mapping[str, Any]) -> Crystal:
    structure = row["structure"]
    sites = structure["sites"]
    numbers = [SYMBOLS.index(site["species"][0]["element"]) for site in sites]
    return Crystal(
        np.array(numbers),
        np.array([site["xyz"] for site in sites], dtype=np.float64),
        np.array(structure["lattice"]["matrix"], dtype=np.float64),
    )


def _row(elastic: Elastic, moduli: Moduli | None) -> dict[str, Any]:
    return {
        "name": elastic.name,
        "dft_bulk": elastic.bulk,
        "dft_shear": elastic.shear,
        "bulk": moduli.bulk if moduli else None,
        "shear": moduli.shear if moduli else None,
    }


def _errors(name: str, pairs: np.ndarray) -> dict[str, float | None]:
    """Mean absolute and signed error in GPa, and the median relative error in percent.

    Args:
        name: Which modulus.
        pairs: Predicted and DFT, shape (crystals, 2).
    """
    if len(pairs) == 0:
        return {f"{name}_mae": None, f"{name}_bias": None, f"{name}_median_percent": None}
    error = pairs[:, 0] - pairs[:, 1]
    return {
        f"{name}_mae": float(np.abs(error).mean()),
        f"{name}_bias": float(error.mean()),
        f"{name}_median_percent": 100 * float(np.median(np.abs(error / pairs[:, 1]))),
    }
