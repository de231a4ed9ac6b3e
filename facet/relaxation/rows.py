"""Frozen dataclasses of tensors with one row per atom or one row per crystal.

Optimizers keep ragged state: velocities per atom, time steps per crystal. The shape in a field's
annotation says which it is, ``"atoms ..."`` or ``"structures ..."``, and joining or selecting
crystals is then the same for all of them.
"""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from _typeshed import DataclassInstance
    from jaxtyping import Float, Int
    from torch import Tensor

    Rows = TypeVar("Rows", bound=DataclassInstance)

FIRST_AXIS = re.compile(r"""['"] ?(atoms|structures)\b""")
"""The first axis in an annotation such as ``Float[Tensor, "atoms 3"]``."""


def join_rows(parts: Sequence[Rows]) -> Rows:
    """Put the atoms and crystals of several parts one after the other."""
    kind = type(parts[0])
    return kind(
        **{
            each.name: torch.cat([getattr(part, each.name) for part in parts])
            for each in fields(kind)
        }
    )


def keep_rows(
    rows: Rows, crystals: Int[Tensor, " kept"], atoms: Int[Tensor, " kept_atoms"]
) -> Rows:
    """Return the crystals and atoms with these indices."""
    chosen = {"atoms": atoms, "structures": crystals}
    kept = {
        name: getattr(rows, name).index_select(0, chosen[axis])
        for name, axis in _first_axes(type(rows)).items()
    }
    return type(rows)(**kept)


def rows_on_host(rows: Rows) -> dict[str, np.ndarray]:
    """Bring all fields to numpy, by name."""
    return {each.name: getattr(rows, each.name).cpu().numpy() for each in fields(rows)}


def sum_per_crystal(
    values: Float[Tensor, " atoms"], structure_index: Int[Tensor, " atoms"], count: int
) -> Float[Tensor, " structures"]:
    """Add up the values of the atoms of each crystal."""
    return values.new_zeros(count).index_add(0, structure_index, values)


def max_per_crystal(
    values: Float[Tensor, " atoms"], structure_index: Int[Tensor, " atoms"], count: int
) -> Float[Tensor, " structures"]:
    """Largest of the non-negative values of the atoms of each crystal."""
    return values.new_zeros(count).scatter_reduce(0, structure_index, values, "amax")


@cache
def _first_axes(kind: type[DataclassInstance]) -> dict[str, str]:
    """Read the name of the first axis out of every field's annotation."""
    axes = {}
    for each in fields(kind):
        axis = FIRST_AXIS.search(str(each.type))
        if axis is None:
            raise TypeError(f"{kind.__name__}.{each.name} does not say what its rows are.")
        axes[each.name] = axis[1]
    return axes
