"""Errors of a potential against labeled frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from facet.graph.neighbors import build_batch
from facet.units import gpa_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from facet.potential import Potential
    from facet.training.labels import Frame

MAX_BATCH_ATOMS = 256


@dataclass(frozen=True)
class Errors:
    """Mean errors over frames.

    Attributes:
        num_frames: Frames compared.
        energy_mae: Mean absolute error of the energy, meV/atom.
        energy_median: Median absolute error of the energy, meV/atom.
        energy_bias: Mean signed error of the energy, meV/atom.
        force_mae: Mean norm of the force error over atoms, meV/angstrom.
        stress_mae: Mean Frobenius norm of the stress error over frames, GPa.
    """

    num_frames: int
    energy_mae: float
    energy_median: float
    energy_bias: float
    force_mae: float
    stress_mae: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values for JSON, rounded to what is meaningful."""
        return {k: v if isinstance(v, int) else round(v, 3) for k, v in asdict(self).items()}


def measure(potential: Potential, frames: Iterable[Frame]) -> Errors:
    """Compare a potential with labels.

    Args:
        potential: The potential.
        frames: Labeled frames; all their elements must be known to the potential.
    """
    energy, force, stress = [], [], []
    for group in _batches(frames):
        batch = build_batch(
            [each.crystal for each in group], potential.cutoff, potential.dtype, potential.device
        )
        prediction = potential(batch)
        forces = np.concatenate([each.forces for each in group])
        sizes = np.array([len(each.forces) for each in group])
        labels = np.array([each.energy for each in group])
        energy.append((prediction.energy.cpu().numpy() - labels) / sizes)
        force.append(np.linalg.norm(prediction.forces.cpu().numpy() - forces, axis=-1))
        difference = prediction.stress.cpu().numpy() - np.stack([each.stress for each in group])
        stress.append(np.linalg.norm(difference, axis=(1, 2)))
    return summarize(np.concatenate(energy), np.concatenate(force), np.concatenate(stress))


def summarize(energy: np.ndarray, force: np.ndarray, stress: np.ndarray) -> Errors:
    """Reduce single errors to their means.

    Args:
        energy: Signed energy errors in eV/atom, shape (frames,).
        force: Norms of force errors in eV/angstrom, shape (atoms,).
        stress: Frobenius norms of stress errors in eV/angstrom^3, shape (frames,).
    """
    return Errors(
        num_frames=len(energy),
        energy_mae=1000 * float(np.abs(energy).mean()),
        energy_median=1000 * float(np.median(np.abs(energy))),
        energy_bias=1000 * float(energy.mean()),
        force_mae=1000 * float(force.mean()),
        stress_mae=gpa_from_ev_per_cubic_angstrom(float(stress.mean())),
    )


def _batches(frames: Iterable[Frame]) -> Iterator[Sequence[Frame]]:
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        if sum(len(each.forces) for each in group) >= MAX_BATCH_ATOMS:
            yield group
            group = []
    if group:
        yield group
