"""Frames of the past, mixed into every batch so that new frames do not make a network forget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import DataError
from facet.training.batches import EqualCosts, EqualCounts, expected_edges
from facet.training.evaluate import compare
from facet.training.exclusion import refuse_excluded
from facet.training.labels import read_shards
from facet.training.references import composition
from facet.training.sources import matching
from facet.training.split import validation_mask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from facet.potential import Potential
    from facet.training.batches import Batches
    from facet.training.labels import Formula, FrameSet
    from facet.training.settings import TrainSettings

DEFAULT_FRACTION = 0.04
"""Share of replayed formulas held out where the settings hold out none of the new frames."""

STREAM = 1
"""Tells the random order of replayed frames from that of new ones."""


@dataclass(frozen=True)
class Replay:
    """Frames that a network learned from before.

    Attributes:
        frames: All of them.
        training: Numbers of those that are mixed into batches.
        validation: Numbers of those that tell whether something is forgotten.
        batches: Which of them each step takes.
        sha256: Name of the frames, as they were read, in training cards.
    """

    frames: FrameSet
    training: np.ndarray
    validation: np.ndarray
    batches: Batches
    sha256: str


def open_replay(settings: TrainSettings, cutoff: float, held: AbstractSet[Formula]) -> Replay:
    """Read the replayed frames.

    Their split is that of the settings, so what the earlier run held out at that fraction or less
    stays held out; formulas held out of the new frames are not replayed.

    Args:
        settings: Of the run.
        cutoff: Of the network, in angstrom.
        held: Formulas of new frames kept for validation.

    Raises:
        DataError: There are no shards, or no frame is left on one side.
    """
    frames = read_shards(matching(settings.replay))
    formulas = frames.formulas()
    refuse_excluded(frames, formulas, settings)
    parents = [str(each) for each in frames.id]
    fraction = max(settings.validation_fraction, DEFAULT_FRACTION)
    is_validation = validation_mask(formulas, parents, fraction)
    is_training = ~is_validation & np.array([each not in held for each in formulas])
    if not is_training.any():
        raise DataError("No frame is left to replay; give shards of more formulas.")
    validation = np.random.default_rng(1).permutation(np.flatnonzero(is_validation))
    training = np.flatnonzero(is_training)
    batches = choose_batches(
        frames, training, settings, cutoff, share=settings.replay_share, stream=(STREAM,)
    )
    return Replay(frames, training, validation, batches, frames.digest())


def choose_batches(
    frames: FrameSet,
    training: np.ndarray,
    settings: TrainSettings,
    cutoff: float,
    *,
    share: float = 1.0,
    stream: tuple[int, ...] = (),
) -> Batches:
    """Decide what the batches of a run hold.

    Args:
        frames: Labeled frames.
        training: Those that are trained on.
        settings: Of the run.
        cutoff: Of the network, in angstrom.
        share: Part of a batch that these frames fill.
        stream: Numbers that tell this random order from others.
    """
    seed = (settings.seed, *stream)
    if settings.batch_edges > 0:
        costs = expected_edges(frames, training, cutoff)
        return EqualCosts(training, costs, round(share * settings.batch_edges), *seed)
    return EqualCounts(training, max(1, round(share * settings.batch_size)), *seed)


def fit_offset(
    potential: Potential, frames: FrameSet, indices: np.ndarray, species: Sequence[int]
) -> np.ndarray:
    """Energy of each element that explains best what a potential gets wrong, by least squares.

    Args:
        potential: The potential.
        frames: Labeled frames.
        indices: Frames to fit.
        species: Atomic numbers in the order of the result; absent ones get zero.

    Returns:
        Label minus prediction in eV per atom, shape (species,).
    """
    compared = compare(potential, frames.frames(indices))
    wrong = (compared.labels.energy - compared.predicted.energy) / compared.sizes
    solution, *_ = np.linalg.lstsq(composition(frames, indices, species), wrong, rcond=None)
    return np.asarray(solution)


def shifted(frames: FrameSet, offset: np.ndarray, species: Sequence[int]) -> FrameSet:
    """Move the energies of frames by an energy for each atom of each element."""
    everything = np.arange(len(frames))
    per_atom = composition(frames, everything, species) @ offset
    return replace(frames, energy=frames.energy + per_atom * frames.n)
