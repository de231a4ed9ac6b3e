"""Asking a potential and comparing what it says, in sentences with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from facet.graph.neighbors import build_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facet.graph.batch import GraphBatch
    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

UNITS = {"energy": "eV", "forces": "eV/A", "stress": "eV/A^3"}


class Answer(NamedTuple):
    """What a potential says of one crystal, in double precision.

    Attributes:
        energy: In eV.
        forces: In eV/angstrom, shape (atoms, 3).
        stress: In eV/A^3, shape (3, 3).
    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray


class Tolerance(NamedTuple):
    """How far the arithmetic of a precision may be off.

    Attributes:
        relative: Difference of answers that should be the same, as a share of the largest number
            among them or of one, whichever is larger.
        step: Displacement in angstrom, or strain, of a finite difference.
        slope: Difference between a derivative (eV/A, eV/A^3) and its finite difference.
        slope_share: What is allowed beyond that, as a share of the largest derivative.
        own_energy: Difference in eV between two energies of one atom alone.
    """

    relative: float
    step: float
    slope: float
    slope_share: float
    own_energy: float


DOUBLE = Tolerance(1e-8, 2.0**-12, 1e-5, 0.0, 1e-10)
SINGLE = Tolerance(1e-5, 2.0**-7, 2e-4, 2e-4, 1e-5)


def tolerance_of(potential: Potential) -> Tolerance:
    """What the precision of a potential allows."""
    return DOUBLE if potential.dtype == torch.float64 else SINGLE


def ask(potential: Potential, crystals: Sequence[Crystal], *, beyond: float = 0.0) -> list[Answer]:
    """Evaluate crystals in one batch.

    Args:
        potential: Asked.
        crystals: Become the batch, in this order.
        beyond: List pairs this much (angstrom) farther apart than the cutoff too.

    Raises:
        AssertionError: The potential fails, or answers in a wrong shape.
    """
    cutoff = potential.cutoff + beyond
    batch = build_batch(crystals, cutoff, potential.dtype, potential.device)
    try:
        said = potential(batch)
    except Exception as error:
        raise AssertionError(
            f"The potential fails on a batch of {batch.num_structures} crystals with "
            f"{batch.num_atoms} atoms and {batch.num_edges} edges: {type(error).__name__}: {error}"
        ) from error
    return _answers(batch, said.energy, said.forces, said.stress)


def ask_alone(potential: Potential, crystal: Crystal) -> Answer:
    """Evaluate a crystal in a batch of its own."""
    return ask(potential, [crystal])[0]


def require_same(expected: Answer, found: Answer, tolerance: Tolerance, occasion: str) -> None:
    """Refuse answers that differ.

    Args:
        expected: What it should be.
        found: What it is.
        tolerance: How much they may differ.
        occasion: Subject of the sentence, such as "Moving all atoms of the cell".

    Raises:
        AssertionError: Energy, forces or stress differ, or are not a number.
    """
    for what, unit in UNITS.items():
        wanted = np.asarray(getattr(expected, what))
        limit = tolerance.relative * max(1.0, float(np.abs(wanted).max()))
        difference = float(np.abs(wanted - getattr(found, what)).max())
        require_below(difference, limit, f"{occasion} changes the {what} by", unit)


def require_below(value: float, limit: float, subject: str, unit: str) -> None:
    """Refuse a number that is above a limit, or no number.

    Raises:
        AssertionError: Says what the number is, and the limit.
    """
    if not value <= limit:  # a value that is not a number is refused too
        raise AssertionError(f"{subject} {value:.3g} {unit}, more than {limit:.3g} {unit}.")


def _answers(batch: GraphBatch, energy: Tensor, forces: Tensor, stress: Tensor) -> list[Answer]:
    """Take the prediction of a batch apart, crystal by crystal."""
    structures, atoms = batch.num_structures, batch.num_atoms
    wanted = ((structures,), (atoms, 3), (structures, 3, 3))
    found = tuple(tuple(each.shape) for each in (energy, forces, stress))
    if found != wanted:
        raise AssertionError(f"Energy, forces and stress have the shapes {found}, not {wanted}.")
    energies, all_forces, stresses = (
        each.detach().double().cpu().numpy() for each in (energy, forces, stress)
    )
    ends = torch.cumsum(batch.atoms_per_structure, 0)[:-1].cpu().numpy()
    return [
        Answer(float(energies[i]), part, stresses[i])
        for i, part in enumerate(np.split(all_forces, ends))
    ]
