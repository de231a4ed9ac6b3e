"""Whether energy over volume is one smooth well, as an equation of state is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ase.build
import numpy as np

from facet.graph.convert import crystal_from_atoms
from facet.training.evaluate import predict
from workflows.evaluation.curves import num_minima, num_sign_changes

if TYPE_CHECKING:
    from pathlib import Path

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

PROTOTYPES: dict[str, tuple[str, float]] = {
    "Al": ("fcc", 4.04),
    "Cu": ("fcc", 3.63),
    "Na": ("bcc", 4.20),
    "W": ("bcc", 3.18),
    "Si": ("diamond", 5.47),
    "C": ("diamond", 3.57),
    "NaCl": ("rocksalt", 5.69),
    "MgO": ("rocksalt", 4.25),
    "TiC": ("rocksalt", 4.33),
    "GaAs": ("zincblende", 5.75),
    "ZnS": ("zincblende", 5.44),
    "CsCl": ("cesiumchloride", 4.20),
}
"""Crystals that symmetry holds in place, with their PBE lattice parameter in angstrom, roughly."""

VOLUMES = np.linspace(0.7, 1.4, 71)
"""Shares of the first volume at which energies are compared."""

CORE = np.abs(VOLUMES - 1) < 1.0001 * 0.2
"""Volumes where a true equation of state has no inflection."""

DEGREE = 5
"""Of the polynomial in volume^(-2/3) that a smooth curve follows; Birch and Murnaghan's has 3."""

NOISE = 1e-5
"""eV/atom; what single precision may do to an energy."""


def measure_smoothness(
    potential: Potential, data: Path | None, limit: int | None
) -> dict[str, Any]:
    """Follow the energy of simple crystals over volume.

    Args:
        potential: The potential.
        data: Not used; no file is read.
        limit: Crystals at most; None takes all.
    """
    del data
    rows = [
        {"name": name, **measure_curve(energy_over_volume(potential, crystal))}
        for name, crystal in list(_crystals().items())[:limit]
        if set(crystal.species.tolist()) <= potential.species
    ]
    roughness = [row["roughness"] for row in rows]
    return {
        "num_crystals": len(rows),
        "num_without_minimum": sum(row["num_minima"] == 0 for row in rows),
        "num_spurious_minima": sum(max(0, row["num_minima"] - 1) for row in rows),
        "num_inflections": sum(row["num_inflections"] for row in rows),
        "roughness_median": float(np.median(roughness)) if rows else None,
        "roughness_max": max(roughness, default=None),
        "rows": rows,
    }


def energy_over_volume(potential: Potential, crystal: Crystal) -> np.ndarray:
    """Energies in eV/atom at every volume, shape (volumes,)."""
    scaled = [
        crystal._replace(positions=scale * crystal.positions, cell=scale * crystal.cell)
        for scale in np.cbrt(VOLUMES)
    ]
    energies: np.ndarray = predict(potential, scaled).energy / len(crystal.species)
    return energies


def measure_curve(energies: np.ndarray) -> dict[str, Any]:
    """Judge one curve.

    Args:
        energies: In eV/atom at every volume, shape (volumes,).

    Returns:
        ``num_minima`` (one is right); ``num_inflections`` within 20 % of the volume (none is
        right); ``roughness``, the root mean square distance there from a smooth polynomial, in
        meV/atom.
    """
    core = energies[CORE]
    variable = VOLUMES[CORE] ** (-2 / 3)
    fit = np.polynomial.Polynomial.fit(variable, core, DEGREE)
    return {
        "num_minima": num_minima(energies, NOISE),
        "num_inflections": num_sign_changes(np.diff(core, 2), NOISE),
        "roughness": 1000 * float(np.sqrt(np.mean((core - fit(variable)) ** 2))),
    }


def _crystals() -> dict[str, Crystal]:
    return {
        name: crystal_from_atoms(ase.build.bulk(name, structure, a=length), name)
        for name, (structure, length) in PROTOTYPES.items()
    }
