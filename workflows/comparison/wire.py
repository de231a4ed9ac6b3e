"""Crystals and results as plain values that cross from one process to another unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facet.graph.neighbors import Crystal
from facet.relaxation.result import RelaxResult, StopReason

if TYPE_CHECKING:
    from collections.abc import Mapping

ARRAYS = ("species", "positions", "cell", "forces", "stress", "is_held", "member_offsets")
SHAPES = {"positions": (-1, 3), "cell": (3, 3), "forces": (-1, 3), "stress": (3, 3)}
PLAIN = (
    "name",
    "energy",
    "message",
    "num_steps",
    "num_evaluations",
    "fmax",
    "smax",
    "initial_volume",
    "wall_share",
    "initial_space_group",
    "space_group",
    "symmetric_energy",
)


def crystal_to_wire(name: str, crystal: Crystal) -> dict[str, Any]:
    """Write a crystal as plain values; lengths in angstrom."""
    return {
        "name": name,
        "species": np.asarray(crystal.species).tolist(),
        "positions": np.asarray(crystal.positions, dtype=np.float64).tolist(),
        "cell": np.asarray(crystal.cell, dtype=np.float64).tolist(),
        "is_held": None if crystal.is_held is None else np.asarray(crystal.is_held).tolist(),
    }


def crystal_from_wire(values: Mapping[str, Any]) -> Crystal:
    """Read what ``crystal_to_wire`` made."""
    return Crystal(
        np.array(values["species"], dtype=np.int64),
        _array(values, "positions"),
        _array(values, "cell"),
        _optional(values["is_held"], bool),
    )


def result_to_wire(result: RelaxResult) -> dict[str, Any]:
    """Write the end of a relaxation as plain values; a trajectory stays behind."""
    plain = {name: getattr(result, name) for name in PLAIN}
    arrays = {name: getattr(result, name) for name in ARRAYS}
    return {
        **plain,
        **{name: None if value is None else value.tolist() for name, value in arrays.items()},
        "stop_reason": result.stop_reason.value,
    }


def result_from_wire(values: Mapping[str, Any]) -> RelaxResult:
    """Read what ``result_to_wire`` made."""
    plain = {name: values[name] for name in PLAIN}
    return RelaxResult(
        **plain,
        species=np.array(values["species"], dtype=np.int64),
        positions=_array(values, "positions"),
        cell=_array(values, "cell"),
        forces=_array(values, "forces"),
        stress=_array(values, "stress"),
        stop_reason=StopReason(values["stop_reason"]),
        is_held=_optional(values["is_held"], bool),
        member_offsets=_optional(values["member_offsets"], np.float32),
    )


def _optional(value: list[Any] | None, dtype: type) -> np.ndarray | None:
    return None if value is None else np.array(value, dtype=dtype)


def _array(values: Mapping[str, Any], name: str) -> np.ndarray:
    return np.array(values[name], dtype=np.float64).reshape(SHAPES[name])
