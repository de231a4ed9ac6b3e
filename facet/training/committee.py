"""Fitting a committee of last layers in closed form, each to a resample of the training frames.

Every member is the minimum of ``sum_f k_f w_f (x_f d - y_f)^2 + ridge D d^2`` over the change d of
the last layer: x_f and y_f are what the layer is multiplied with and the error of the trained one,
both per atom; k_f says how often the formula of frame f was drawn; D holds the mean squares of the
columns of x. The weights w_f turn squares into the absolute errors that training minimizes: a few
frames with huge errors would otherwise decide the whole spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.errors import DataError
from facet.graph.neighbors import build_batch
from facet.training.labels import reduced_formula
from facet.uncertainty import Committee, LastLayer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from facet.facet_potential import FacetPotential
    from facet.training.labels import Formula, Frame

NUM_MEMBERS = 32
MAX_BATCH_ATOMS = 512


@dataclass(frozen=True, eq=False)
class Regression:
    """What the last layer sees of labeled frames, and what it gets wrong.

    Attributes:
        design: Sums of scalars and counts of elements, both per atom, shape (frames, columns).
        errors: Label minus prediction in eV/atom, shape (frames,).
        formulas: Reduced formula of each frame.
        width: Columns that belong to the readout vector; the others belong to the elements.
    """

    design: np.ndarray
    errors: np.ndarray
    formulas: tuple[Formula, ...]
    width: int

    def spreads(self, members: np.ndarray) -> np.ndarray:
        """Standard deviation over the members of the energy of each frame, in eV/atom.

        Args:
            members: Changes of the last layer, shape (members, columns).
        """
        spreads: np.ndarray = (self.design @ members.T).std(axis=1, ddof=1)
        return spreads


def tabulate(potential: FacetPotential, frames: Iterable[Frame]) -> Regression:
    """Evaluate frames up to the last layer, without derivatives.

    Args:
        potential: The potential.
        frames: Labeled frames, one at least; all their elements must be known to the potential.

    Raises:
        DataError: There is no frame.
    """
    layer = LastLayer(potential.network)
    designs, errors, formulas = [], [], []
    for group in _batches(frames):
        crystals = [each.crystal for each in group]
        parts = layer.parts(build_batch(crystals, potential.cutoff, potential.dtype))
        sizes = np.array([len(each.species) for each in crystals])
        labels = np.array([each.energy for each in group])
        columns = torch.cat([parts.features, parts.counts], dim=1).numpy()
        designs.append(columns / sizes[:, None])
        errors.append((labels - layer.energies(parts).numpy()) / sizes)
        formulas += [reduced_formula(each.species) for each in crystals]
    if not designs:
        raise DataError("There are no frames to fit a committee to; check the path of the shards.")
    return Regression(
        np.concatenate(designs), np.concatenate(errors), tuple(formulas), len(layer.head)
    )


def fit_members(
    table: Regression, ridge: float, num_members: int = NUM_MEMBERS, seed: int = 0
) -> np.ndarray:
    """Refit the last layer to resamples of formulas, drawn with replacement.

    The members are centered on the trained layer, which stays the prediction.

    Args:
        table: Training frames.
        ridge: Pull toward the trained layer, relative to the mean squares of the columns.
        num_members: Resamples.
        seed: Of the resamples.

    Returns:
        Changes of the last layer, shape (members, columns), with a mean of zero.
    """
    weights = _absolute_weights(table.errors)
    number = {formula: index for index, formula in enumerate(sorted(set(table.formulas)))}
    owner = np.array([number[each] for each in table.formulas])
    squares = np.average(table.design**2, axis=0, weights=weights)
    # A column of zeros, such as that of an element that never occurs, stays as it is.
    penalty = np.diag(ridge * np.where(squares > 0, squares, 1.0))
    rng = np.random.default_rng(seed)
    members = []
    for _ in range(num_members):
        drawn = rng.multinomial(len(number), np.full(len(number), 1 / len(number)))
        share = drawn[owner] * weights
        share = share / share.sum()
        weighted = table.design * share[:, None]
        members.append(
            np.linalg.solve(weighted.T @ table.design + penalty, weighted.T @ table.errors)
        )
    found = np.array(members)
    centered: np.ndarray = found - found.mean(axis=0)
    return centered


def committee_of(
    members: np.ndarray, width: int, fingerprint: str, card: dict[str, Any]
) -> Committee:
    """Make a committee of changes of the last layer.

    Args:
        members: As ``fit_members`` returns them.
        width: Columns that belong to the readout vector.
        fingerprint: Of the weights that they were fitted to.
        card: How they were fitted; plain values.
    """
    heads, shifts = torch.tensor(members).split([width, members.shape[1] - width], dim=1)
    return Committee(heads.contiguous(), shifts.contiguous(), fingerprint, card)


def _absolute_weights(errors: np.ndarray) -> np.ndarray:
    """One over the absolute error, but never more than one over the median."""
    sizes = np.abs(errors)
    floor = max(float(np.median(sizes)), 1e-12)
    weights: np.ndarray = 1 / np.maximum(sizes, floor)
    return weights


def _batches(frames: Iterable[Frame]) -> Iterator[Sequence[Frame]]:
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        if sum(len(each.crystal.species) for each in group) >= MAX_BATCH_ATOMS:
            yield group
            group = []
    if group:
        yield group
