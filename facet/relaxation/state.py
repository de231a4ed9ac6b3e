"""The crystals in flight: everything the engine knows of them, as plain frozen tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.graph.batch import GraphBatch
from facet.graph.neighbors import Crystal, Pairs
from facet.graph.skin import SkinList, join_lists, keep_crystals, list_of
from facet.relaxation.cell import Coordinates, Geometry
from facet.relaxation.constraints import Constraints, constraints_of
from facet.relaxation.optimizers.fire import Fire
from facet.relaxation.rows import join_rows, keep_rows
from facet.relaxation.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from facet.graph.skin import Edges
    from facet.relaxation.optimizers.optimizer import Optimizer


@dataclass(frozen=True)
class Ledger:
    """What is counted of each crystal.

    Attributes:
        species: Atomic numbers, shape (atoms,).
        num_atoms: Shape (structures,).
        num_edges: Directed edges within the cutoff when last looked at, shape (structures,).
        num_steps: Steps taken, shape (structures,).
        num_evaluations: Times that a potential was asked, shape (structures,).
        num_straightened: Times that shorter cell vectors were chosen, shape (structures,).
        is_double: Whether it is evaluated in double precision from now on, shape (structures,).
        initial_volume: In A^3, shape (structures,).
        wall_seconds: Share of the wall time, shape (structures,).
    """

    species: Int[Tensor, " atoms"]
    num_atoms: Int[Tensor, " structures"]
    num_edges: Int[Tensor, " structures"]
    num_steps: Int[Tensor, " structures"]
    num_evaluations: Int[Tensor, " structures"]
    num_straightened: Int[Tensor, " structures"]
    is_double: Bool[Tensor, " structures"]
    initial_volume: Float[Tensor, " structures"]
    wall_seconds: Float[Tensor, " structures"]


@dataclass(frozen=True)
class Snapshot:
    """A geometry and what the potential said of it; ``nan`` where it was not yet asked.

    Attributes:
        positions: In angstrom, shape (atoms, 3).
        cells: In angstrom, shape (structures, 3, 3).
        energy: In eV, shape (structures,).
        forces: In eV/angstrom, shape (atoms, 3).
        stress: In eV/A^3, shape (structures, 3, 3).
        fmax: Largest force in eV/angstrom, shape (structures,).
        smax: Largest component of stress + pressure in GPa, shape (structures,).
    """

    positions: Float[Tensor, "atoms 3"]
    cells: Float[Tensor, "structures 3 3"]
    energy: Float[Tensor, " structures"]
    forces: Float[Tensor, "atoms 3"]
    stress: Float[Tensor, "structures 3 3"]
    fmax: Float[Tensor, " structures"]
    smax: Float[Tensor, " structures"]


@dataclass(frozen=True)
class OptimizerState:
    """Crystals that are being relaxed together; each lies in consecutive rows, in order.

    Attributes:
        tickets: One for each crystal: its name, and what else is not a tensor.
        structure_index: Crystal of each atom.
        ledger: Species, counts and shares.
        coordinates: Where the optimizer is.
        geometry: The positions and cells that this means.
        memory: What the optimizer remembers.
        constraints: What may not move.
        neighbors: Pairs within the cutoff and a skin.
        last_good: The last geometry that the potential found sound.
    """

    tickets: tuple[Ticket, ...]
    structure_index: Int[Tensor, " atoms"]
    ledger: Ledger
    coordinates: Coordinates
    geometry: Geometry
    memory: Any
    constraints: Constraints
    neighbors: SkinList
    last_good: Snapshot

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each crystal."""
        return tuple(ticket.name for ticket in self.tickets)

    @property
    def num_structures(self) -> int:
        """Number of crystals in flight."""
        return len(self.tickets)

    @property
    def num_atoms(self) -> int:
        """Number of atoms of all crystals together."""
        return len(self.structure_index)

    @property
    def num_edges(self) -> int:
        """Number of directed edges of all crystals together when last looked at."""
        return int(self.ledger.num_edges.sum())

    def batch(self, edges: Edges) -> GraphBatch:
        """Return the present geometry with these edges as a batch in double precision."""
        return GraphBatch(
            self.geometry.positions,
            self.ledger.species,
            self.geometry.cells,
            self.structure_index,
            edges.edge_index,
            edges.edge_shifts,
        )


def start_state(
    ticket: Ticket,
    crystal: Crystal,
    pairs: Pairs,
    optimizer: Optimizer | None = None,
    device: torch.device | str = "cpu",
) -> OptimizerState:
    """Put one crystal, with its pairs within cutoff and skin, at the start of its relaxation."""
    device = torch.device(device)
    positions = torch.as_tensor(crystal.positions, dtype=torch.float64, device=device)
    cells = torch.as_tensor(crystal.cell, dtype=torch.float64, device=device)[None]
    unknown = torch.full((1,), torch.nan, dtype=torch.float64, device=device)
    zero = torch.zeros(1, dtype=torch.int64, device=device)
    unit = torch.eye(3, dtype=torch.float64, device=device)[None]
    ledger = Ledger(
        species=torch.as_tensor(crystal.species, device=device),
        num_atoms=zero + len(crystal.species),
        num_edges=zero,
        num_steps=zero,
        num_evaluations=zero,
        num_straightened=zero,
        is_double=torch.zeros_like(zero, dtype=torch.bool),
        initial_volume=torch.linalg.det(cells).abs(),
        wall_seconds=zero.to(torch.float64),
    )
    return OptimizerState(
        tickets=(ticket,),
        structure_index=torch.zeros(len(positions), dtype=torch.int64, device=device),
        ledger=ledger,
        coordinates=Coordinates(positions, torch.zeros_like(unit), cells),
        geometry=Geometry(positions, cells, unit),
        memory=(optimizer or Fire()).start(len(positions), device),
        constraints=constraints_of(crystal, device=device),
        neighbors=list_of(crystal, pairs, device),
        last_good=Snapshot(
            positions,
            cells,
            energy=unknown,
            forces=torch.full_like(positions, torch.nan),
            stress=torch.full_like(cells, torch.nan),
            fmax=unknown,
            smax=unknown,
        ),
    )


def empty_state(
    optimizer: Optimizer | None = None, device: torch.device | str = "cpu"
) -> OptimizerState:
    """Return a state without crystals, to which others can be joined."""
    none = np.zeros(0, dtype=np.int64)
    crystal = Crystal(none, np.zeros((0, 3)), np.eye(3))
    pairs = Pairs(none, none, np.zeros((0, 3)))
    return keep_states(start_state(Ticket(""), crystal, pairs, optimizer, device), [])


def join_states(states: Sequence[OptimizerState]) -> OptimizerState:
    """Put the crystals of several states one after the other; states without any cost nothing."""
    states = [each for each in states if each.num_structures] or states[:1]
    if len(states) == 1:
        return states[0]
    ledger = join_rows([each.ledger for each in states])
    return OptimizerState(
        tickets=tuple(ticket for each in states for ticket in each.tickets),
        structure_index=_structure_index(ledger.num_atoms),
        ledger=ledger,
        coordinates=join_rows([each.coordinates for each in states]),
        geometry=join_rows([each.geometry for each in states]),
        memory=join_rows([each.memory for each in states]),
        constraints=join_rows([each.constraints for each in states]),
        neighbors=join_lists([each.neighbors for each in states]),
        last_good=join_rows([each.last_good for each in states]),
    )


def keep_states(state: OptimizerState, kept: Sequence[int]) -> OptimizerState:
    """Return the crystals with these ascending indices."""
    crystals, atoms = rows_of(state, kept)
    ledger = keep_rows(state.ledger, crystals, atoms)
    return OptimizerState(
        tickets=tuple(state.tickets[index] for index in kept),
        structure_index=_structure_index(ledger.num_atoms),
        ledger=ledger,
        coordinates=keep_rows(state.coordinates, crystals, atoms),
        geometry=keep_rows(state.geometry, crystals, atoms),
        memory=keep_rows(state.memory, crystals, atoms),
        constraints=keep_rows(state.constraints, crystals, atoms),
        neighbors=keep_crystals(state.neighbors, crystals, atoms),
        last_good=keep_rows(state.last_good, crystals, atoms),
    )


def rows_of(
    state: OptimizerState, crystals: Sequence[int]
) -> tuple[Int[Tensor, " kept"], Int[Tensor, " kept_atoms"]]:
    """Indices of these (ascending) crystals and of their atoms, as tensors."""
    device = state.structure_index.device
    chosen = torch.tensor(crystals, dtype=torch.int64, device=device)
    is_chosen = torch.zeros(state.num_structures, dtype=torch.bool, device=device)
    is_chosen[chosen] = True
    return chosen, is_chosen[state.structure_index].nonzero().squeeze(1)


def charge(state: OptimizerState, seconds: float) -> OptimizerState:
    """Share wall time among the crystals by their number of atoms."""
    share = state.ledger.num_atoms / max(1, state.num_atoms)
    spent = state.ledger.wall_seconds + seconds * share
    return replace(state, ledger=replace(state.ledger, wall_seconds=spent))


def _structure_index(num_atoms: Int[Tensor, " structures"]) -> Int[Tensor, " atoms"]:
    counting = torch.arange(len(num_atoms), device=num_atoms.device)
    return torch.repeat_interleave(counting, num_atoms)
