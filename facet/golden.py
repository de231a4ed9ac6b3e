"""The golden batch: a few fixed crystals that every way of computing a potential must agree on.

A checkpoint carries the batch together with what the plain network said of it, in double precision
on a CPU, when the file was written. Files from before that are held to the crystals given here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.graph.neighbors import Crystal, build_batch
from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from torch import Tensor

    from facet.potential import Potential

_PROTOTYPES: tuple[tuple[tuple[int, ...], str, str], ...] = (
    # Atomic numbers; vectors in angstrom; fractional positions.
    ((11, 17), "0 2.8 2.8  2.8 0 2.8  2.8 2.8 0", "0 0 0  .5 .5 .5"),
    ((26, 26), "2.8 0 0  0 2.8 0  0 0 2.8", "0 0 0  .5 .5 .5"),
    ((14, 14), "0 2.7 2.7  2.7 0 2.7  2.7 2.7 0", "0 0 0  .25 .25 .25"),
    ((29,), "0 1.7 1.7  1.7 0 1.7  1.7 1.7 0", "0 0 0"),
    (
        (38, 22, 8, 8, 8),
        "3.9 0 0  0 3.9 0  0 0 3.9",
        "0 0 0  .5 .5 .5  .5 .5 0  .5 0 .5  0 .5 .5",
    ),
    (
        (30, 30, 16, 16),
        "1.9 3.3 0  1.9 -3.3 0  0 0 6.2",  # left-handed
        ".333 .667 0  .667 .333 .5  .333 .667 .375  .667 .333 .875",
    ),
    ((92, 8, 8), "0 2.7 2.7  2.7 0 2.7  2.7 2.7 0", "0 0 0  .25 .25 .25  .75 .75 .75"),
    ((8, 1, 1), "5 0 0  0 5 0  0 0 5", "0 0 0  .16 .11 0  -.16 .11 0"),
    ((18,), "12 0 0  0 12 0  0 0 12", "0 0 0"),
)

_KEPT = ("species", "positions", "cell")
"""Fields of a crystal that a checkpoint holds; whatever else it says concerns relaxations only."""

SHAKE = 0.05
"""Amplitude in angstrom by which atoms leave sites where symmetry would leave them no force."""


@dataclass(frozen=True)
class GoldenBatch:
    """Crystals and what is on record of them.

    Attributes:
        crystals: Evaluated together.
        record: The plain network's answer in double precision when the checkpoint was written;
            None if it was not kept.
    """

    crystals: tuple[Crystal, ...]
    record: Prediction | None = None

    def to_text(self) -> str:
        """Write as JSON, from which every number comes back exactly."""
        record = None if self.record is None else _plain(vars(self.record))
        crystals = [_plain({name: getattr(each, name) for name in _KEPT}) for each in self.crystals]
        return json.dumps({"crystals": crystals, "record": record})

    @classmethod
    def from_text(cls, text: str) -> GoldenBatch:
        """Read what ``to_text`` wrote."""
        values = json.loads(text)
        crystals = tuple(
            Crystal(*(np.array(each[name]) for name in _KEPT)) for each in values["crystals"]
        )
        if values["record"] is None:
            return cls(crystals)
        record = {
            name: torch.tensor(numbers, dtype=torch.float64)
            for name, numbers in values["record"].items()
        }
        return cls(crystals, Prediction(**record))


def golden_crystals(species: AbstractSet[int]) -> tuple[Crystal, ...]:
    """Small crystals of all bondings: metals, salts, oxides, a molecule, an isolated atom.

    Args:
        species: Atomic numbers that may occur; where one is missing another takes its place.
    """
    crystals = []
    for numbers, vectors, sites in _PROTOTYPES:
        cell = _rows(vectors)
        positions = _rows(sites) @ cell
        shake = SHAKE * np.sin(np.arange(1, positions.size + 1) ** 2).reshape(positions.shape)
        allowed = np.array([_allowed(number, species) for number in numbers])
        crystals.append(Crystal(allowed, np.round(positions + shake, 4), cell))
    return tuple(crystals)


def answer_on(potential: Potential, crystals: tuple[Crystal, ...]) -> Prediction:
    """What a potential says of crystals in one batch, in double precision on the CPU."""
    batch = build_batch(crystals, potential.cutoff, potential.dtype, potential.device)
    said = potential(batch)
    return Prediction(
        **{name: value.detach().to("cpu", torch.float64) for name, value in vars(said).items()}
    )


def _plain(arrays: Mapping[str, np.ndarray | Tensor]) -> dict[str, Any]:
    return {name: value.tolist() for name, value in arrays.items()}


def _rows(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()]).reshape(-1, 3)


def _allowed(number: int, species: AbstractSet[int]) -> int:
    if number in species:
        return number
    others = sorted(species)
    return others[number % len(others)]
