"""What training minimizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch
    from facet.potential import Prediction


@dataclass(frozen=True)
class LossWeights:
    """Weights of the three parts of the loss.

    Attributes:
        energy: Of the mean absolute error of the energy per atom, per eV/atom.
        forces: Of the mean norm of force errors, per eV/angstrom.
        stress: Of the mean Frobenius norm of stress errors, per eV/angstrom^3.
        force_knee: Force in eV/angstrom at which an atom's weight has fallen to one half.
        stress_knee: Stress norm in eV/angstrom^3 at which a frame's weight has fallen to one half.
    """

    energy: float = 20.0
    forces: float = 10.0
    stress: float = 100.0
    force_knee: float = 2.0
    stress_knee: float = 0.05


@dataclass(frozen=True)
class Targets:
    """Labels of a batch, in the units of ``Prediction``."""

    energy: Float[Tensor, " structures"]
    forces: Float[Tensor, "atoms 3"]
    stress: Float[Tensor, "structures 3 3"]


def total_loss(
    prediction: Prediction, targets: Targets, batch: GraphBatch, weights: LossWeights
) -> Tensor:
    """Weighted sum of energy, force and stress errors.

    Norms, not squares: a few frames far from equilibrium must not decide. Atoms under large forces
    and frames under large stress count less, since relaxations spend their steps near rest.
    """
    energy_error = (prediction.energy - targets.energy) / batch.atoms_per_structure
    force_size = targets.forces.norm(dim=-1) / weights.force_knee
    force_error = _norm(prediction.forces - targets.forces) / (1 + force_size)
    stress_size = targets.stress.flatten(1).norm(dim=-1) / weights.stress_knee
    stress_error = _norm((prediction.stress - targets.stress).flatten(1)) / (1 + stress_size)
    energy = energy_error.abs().mean().to(force_error.dtype)
    forces, stress = force_error.mean(), stress_error.mean()
    total: Tensor = weights.energy * energy + weights.forces * forces + weights.stress * stress
    return total


def _norm(values: Tensor) -> Tensor:
    """Norm over the last axis with a finite slope at zero."""
    size: Tensor = (values.square().sum(dim=-1) + 1e-12).sqrt()
    return size
