"""cuEquivariance's kernels for MACE, used where they are installed and agree with plain MACE."""

from __future__ import annotations

import math
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.graph.neighbors import Crystal, build_batch
from facet.interop.mace import MacePotential

if TYPE_CHECKING:
    from facet.potential import Potential

PACKAGE = "cuequivariance_torch"
LARGEST_ENERGY_ERROR = 1e-4
"""eV/atom by which fast single precision may differ from plain double precision."""
LARGEST_FORCE_ERROR = 1e-3
"""The same in eV/angstrom."""


def with_fast_kernels(potential: Potential) -> tuple[Potential, str]:
    """Exchange MACE's products for fused kernels, if there are any and they are right.

    Returns:
        The potential to use, and a few words on its kernels for reports.
    """
    if not isinstance(potential, MacePotential) or potential.device.type != "cuda":
        return potential, "plain: cuEquivariance is for GPUs"
    if find_spec(PACKAGE) is None:
        return potential, "plain: cuEquivariance is not installed"
    try:
        convert = import_module("mace.cli.convert_e3nn_cueq").run
        model = convert(potential.model, device=str(potential.device), return_model=True)
        fast = MacePotential(
            model.to(potential.device, potential.dtype),
            potential.fingerprint,
            potential.energy_scheme,
        )
        energy, force = disagreement(fast, potential.in_double())
    # Kernels of another project may fail in any way, and plain MACE is always there.
    except Exception as error:  # noqa: BLE001
        return potential, f"plain: cuEquivariance failed with {type(error).__name__}"
    told = f"{1000 * energy:.4f} meV/atom and {1000 * force:.3f} meV/angstrom from plain fp64"
    if energy > LARGEST_ENERGY_ERROR or force > LARGEST_FORCE_ERROR:
        return potential, f"plain: cuEquivariance is {told}"
    return fast, f"cuEquivariance, {told}"


def disagreement(fast: Potential, plain: Potential) -> tuple[float, float]:
    """Compare two potentials on a few crystals.

    Returns:
        The largest difference of energies in eV/atom and of force components in eV/angstrom;
        infinite where one is not finite.
    """
    crystals = _crystals(sorted(plain.species)[:4])
    said = [
        each(build_batch(crystals, each.cutoff, dtype=each.dtype, device=each.device))
        for each in (fast, plain)
    ]
    counts = torch.tensor([len(each.species) for each in crystals], dtype=torch.float64)
    energies = [each.energy.double().cpu() / counts for each in said]
    forces = [each.forces.double().cpu() for each in said]
    energy = float((energies[0] - energies[1]).abs().max())
    force = float((forces[0] - forces[1]).abs().max())
    is_finite = math.isfinite(energy) and math.isfinite(force)
    return (energy, force) if is_finite else (math.inf, math.inf)


def _crystals(numbers: list[int]) -> list[Crystal]:
    """A few low crystals, no atom of them on a site of high symmetry."""
    rng = np.random.default_rng(7)
    made = []
    for size in (1, 2, 4):
        edge = 2.6 * size ** (1 / 3) * 1.2
        places = rng.random((size, 3)) * 0.1 + np.arange(size)[:, None] / size
        cell = np.eye(3) * edge + rng.normal(scale=0.05, size=(3, 3))
        species = np.array([numbers[index % len(numbers)] for index in range(size)])
        made.append(Crystal(species, places @ cell, cell))
    return made
