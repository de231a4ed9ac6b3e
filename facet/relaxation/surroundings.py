"""Neighbors of every crystal in flight, and the crystals whose geometry lost its meaning."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from facet.graph.neighbors import MIN_VOLUME_PER_ATOM, Crystal, find_pairs
from facet.graph.skin import (
    SKIN,
    are_outdated,
    edges_within,
    list_of,
    renewed,
    replace_lists,
)
from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.leaving import departures, without
from facet.relaxation.result import StopReason
from facet.relaxation.skew import straightened
from facet.relaxation.stopping import broken_geometry, distance_faults, volume_faults

if TYPE_CHECKING:
    from torch import Tensor

    from facet.graph.skin import Edges, SkinList
    from facet.relaxation.leaving import Departure
    from facet.relaxation.result import Stop
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.state import OptimizerState


def look_around(
    state: OptimizerState, cutoff: float, settings: RelaxSettings
) -> tuple[OptimizerState, Edges, list[Departure]]:
    """Find the neighbors at the present geometry, and retire the crystals that have none to find.

    Args:
        state: Crystals in flight.
        cutoff: Of the potential, in angstrom.
        settings: Limits of a sound geometry.

    Returns:
        The sound crystals, their edges within the cutoff, and the results of the others.
    """
    symprec = settings.symprec
    broken = volume_faults(state, settings)
    leaving, state = departures(state, broken, symprec), without(state, broken)
    state, broken = renew_neighbors(straightened(state), cutoff)
    leaving += departures(state, broken, symprec)
    state = without(state, broken)
    edges = _edges(state, cutoff)
    broken = distance_faults(state, edges, settings)
    if broken:
        leaving += departures(state, broken, symprec)
        state = without(state, broken)
        edges = _edges(state, cutoff)
    counts = torch.bincount(edges.edge_structure, minlength=state.num_structures)
    return replace(state, ledger=replace(state.ledger, num_edges=counts)), edges, leaving


def renew_neighbors(state: OptimizerState, cutoff: float) -> tuple[OptimizerState, dict[int, Stop]]:
    """Find the pairs of the crystals whose list is outdated anew.

    Returns:
        The state with lists that are complete, and why some crystals have none.
    """
    now = state.geometry
    is_old = are_outdated(state.neighbors, now.positions, now.cells, state.structure_index, cutoff)
    if is_elsewhere(now.cells.device):
        is_sound = _are_sound(state)
        state = _renewed_there(state, is_old & is_sound, cutoff)
        is_old &= ~is_sound  # one by one below, each with its own sentence
    old = is_old.nonzero().flatten().tolist()
    if not old:
        return state, {}
    first_atom = [0, *torch.cumsum(state.ledger.num_atoms, 0).tolist()]
    fresh: dict[int, SkinList] = {}
    broken: dict[int, Stop] = {}
    for index in old:
        atoms = slice(first_atom[index], first_atom[index + 1])
        crystal = Crystal(
            state.ledger.species[atoms].cpu().numpy(),
            now.positions[atoms].cpu().numpy(),
            now.cells[index].cpu().numpy(),
        )
        found = attempt(partial(find_pairs, crystal, cutoff + SKIN), "Finding the neighbors")
        if not isinstance(found, Mishap):
            fresh[index] = list_of(crystal, found, now.cells.device)
        elif found.stop.reason is StopReason.FAILED:
            broken[index] = found.stop
        else:
            broken[index] = broken_geometry(state, index, found.stop.message.rstrip("."))
    return replace(state, neighbors=replace_lists(state.neighbors, fresh, first_atom)), broken


def is_elsewhere(device: torch.device) -> bool:
    """Whether lists should be found where the tensors live, not by the library on the CPU."""
    return device.type != "cpu"


def _renewed_there(state: OptimizerState, is_old: Tensor, cutoff: float) -> OptimizerState:
    """Renew the lists of outdated crystals of sound geometry on their device."""
    if not bool(is_old.any()):
        return state
    now = state.geometry
    lists = renewed(
        state.neighbors, is_old, now.positions, now.cells, state.structure_index, cutoff + SKIN
    )
    return replace(state, neighbors=lists)


def _are_sound(state: OptimizerState) -> Tensor:
    """Crystals of finite positions and cells with room for their atoms."""
    now = state.geometry
    room = torch.linalg.det(now.cells).abs() / state.ledger.num_atoms
    strays = (~torch.isfinite(now.positions)).any(dim=1).to(now.cells)
    num_strays = torch.zeros_like(room).index_add(0, state.structure_index, strays)
    are_sound: Tensor = (room >= MIN_VOLUME_PER_ATOM) & (num_strays == 0)
    return are_sound


def _edges(state: OptimizerState, cutoff: float) -> Edges:
    return edges_within(state.neighbors, state.geometry.positions, state.geometry.cells, cutoff)
