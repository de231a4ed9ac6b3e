"""Errors of a potential against labeled frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.graph.neighbors import build_batch
from facet.units import gpa_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.training.labels import Frame

    Tell = Callable[[str, int, int], None]
    """Called with what is done, how many of them, and of how many."""

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


class Values(NamedTuple):
    """Labels or predictions of several crystals.

    Attributes:
        energy: Total energies in eV, shape (frames,).
        forces: Forces in eV/angstrom, shape (atoms, 3).
        stress: Stresses in eV/angstrom^3, ASE's sign, shape (frames, 3, 3).
    """

    energy: np.ndarray
    forces: np.ndarray
    stress: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Labels and predictions of the same frames; atoms of one frame are contiguous.

    Attributes:
        sizes: Atoms of each frame, shape (frames,).
        species: Atomic numbers, shape (atoms,).
        labels: What is right.
        predicted: What the potential says.
    """

    sizes: np.ndarray
    species: np.ndarray
    labels: Values
    predicted: Values

    @property
    def frame_of_atom(self) -> np.ndarray:
        """Number of the frame that each atom belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def only(self, chosen: np.ndarray) -> Comparison:
        """Keep some frames.

        Args:
            chosen: Whether each frame is kept, shape (frames,).
        """
        atoms = chosen[self.frame_of_atom]

        def kept(values: Values) -> Values:
            return Values(values.energy[chosen], values.forces[atoms], values.stress[chosen])

        return Comparison(
            self.sizes[chosen], self.species[atoms], kept(self.labels), kept(self.predicted)
        )

    def errors(self) -> Errors:
        """Reduce to mean errors; there must be a frame."""
        labels, predicted = self.labels, self.predicted
        return summarize(
            (predicted.energy - labels.energy) / self.sizes,
            np.linalg.norm(predicted.forces - labels.forces, axis=-1),
            np.linalg.norm(predicted.stress - labels.stress, axis=(1, 2)),
        )


def measure(potential: Potential, frames: Iterable[Frame]) -> Errors:
    """Reduce the comparison of a potential with labels to mean errors.

    Args:
        potential: The potential.
        frames: Labeled frames, one at least; all their elements must be known to the potential.
    """
    return compare(potential, frames).errors()


def compare(
    potential: Potential, frames: Iterable[Frame], tell: Tell = lambda *_: None
) -> Comparison:
    """Set predictions of a potential beside labels.

    Args:
        potential: The potential.
        frames: Labeled frames, one at least; all their elements must be known to the potential.
        tell: Called with how far it has come.
    """
    labeled = list(frames)

    def heed(number: int) -> None:
        tell("frames measured", number, len(labeled))

    labels = Values(
        np.array([each.energy for each in labeled]),
        np.concatenate([each.forces for each in labeled]),
        np.stack([each.stress for each in labeled]),
    )
    return Comparison(
        sizes=np.array([len(each.forces) for each in labeled]),
        species=np.concatenate([each.crystal.species for each in labeled]),
        labels=labels,
        predicted=predict(potential, (each.crystal for each in labeled), heed),
    )


def predict(
    potential: Potential,
    crystals: Iterable[Crystal],
    heed: Callable[[int], None] = lambda _: None,
) -> Values:
    """Evaluate crystals, one at least, in batches of moderate size.

    Args:
        potential: The potential.
        crystals: All their elements must be known to it.
        heed: Called after every batch with how many crystals were evaluated.
    """
    parts, num_done = [], 0
    for group in _batches(crystals):
        batch = build_batch(group, potential.cutoff, potential.dtype, potential.device)
        said = potential(batch)
        parts.append(
            Values(said.energy.cpu().numpy(), said.forces.cpu().numpy(), said.stress.cpu().numpy())
        )
        num_done += len(group)
        heed(num_done)
    return Values(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


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


def _batches(crystals: Iterable[Crystal]) -> Iterator[Sequence[Crystal]]:
    group: list[Crystal] = []
    for crystal in crystals:
        group.append(crystal)
        if sum(len(each.species) for each in group) >= MAX_BATCH_ATOMS:
            yield group
            group = []
    if group:
        yield group
