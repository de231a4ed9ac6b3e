"""How crystals leave: their rows become results in plain numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.graph.neighbors import Crystal
from facet.relaxation.curve import curve_of
from facet.relaxation.primitive import space_group
from facet.relaxation.result import RelaxResult
from facet.relaxation.rows import keep_rows, rows_on_host
from facet.relaxation.state import keep_states, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor

    from facet.relaxation.result import Stop
    from facet.relaxation.state import OptimizerState
    from facet.relaxation.tickets import Ticket


def without(state: OptimizerState, stops: Mapping[int, Stop]) -> OptimizerState:
    """Return the crystals that have not stopped."""
    if not stops:
        return state
    return keep_states(state, [i for i in range(state.num_structures) if i not in stops])


class Departure(NamedTuple):
    """A crystal that leaves, with its ticket."""

    ticket: Ticket
    result: RelaxResult


def departures(
    state: OptimizerState,
    stops: Mapping[int, Stop],
    symprec: float,
    member_offsets: Float[Tensor, "structures members"] | None = None,
) -> list[Departure]:
    """Make the results of the crystals that stopped, at their last good geometry.

    Args:
        state: Crystals in flight.
        stops: Why some of them leave, by index.
        symprec: Tolerance in angstrom for their space groups.
        member_offsets: Energies by each member less the energy in eV, of all crystals in flight.
    """
    if not stops:
        return []
    order = sorted(stops)
    crystals, atoms = rows_of(state, order)
    good = rows_on_host(keep_rows(state.last_good, crystals, atoms))
    ledger = rows_on_host(keep_rows(state.ledger, crystals, atoms))
    last = np.cumsum(ledger["num_atoms"])
    leaving = []
    for row, index in enumerate(order):
        mine = slice(last[row] - ledger["num_atoms"][row], last[row])
        ticket = state.tickets[index]
        end = Crystal(
            ledger["species"][mine], good["positions"][mine], good["cells"][row], ticket.is_held
        )
        result = RelaxResult(
            name=ticket.name,
            species=end.species,
            positions=end.positions,
            cell=end.cell,
            energy=float(good["energy"][row]),
            forces=good["forces"][mine],
            stress=good["stress"][row],
            stop_reason=stops[index].reason,
            message=stops[index].message + _remark(ledger["num_straightened"][row]),
            num_steps=int(ledger["num_steps"][row]),
            num_evaluations=int(ledger["num_evaluations"][row]),
            fmax=float(good["fmax"][row]),
            smax=float(good["smax"][row]),
            initial_volume=float(ledger["initial_volume"][row]),
            wall_share=float(ledger["wall_seconds"][row]),
            is_held=end.is_held,
            initial_space_group=ticket.space_group,
            space_group=_space_group(end, ticket, symprec),
            curve=curve_of(ticket.passed, len(end.species)),
            trajectory=ticket.recorder.finish(end) if ticket.recorder else None,
            member_offsets=_offsets(member_offsets, index, len(end.species)),
        )
        leaving.append(Departure(ticket, result))
    return leaving


def _offsets(
    member_offsets: Float[Tensor, "structures members"] | None, index: int, num_atoms: int
) -> np.ndarray | None:
    """What the members say of one crystal in eV/atom, if they say numbers."""
    if member_offsets is None:
        return None
    found: np.ndarray = (member_offsets[index] / num_atoms).float().cpu().numpy()
    return found if np.isfinite(found).all() else None


def _remark(num_straightened: int) -> str:
    """Say that the cell vectors are not those of the input."""
    return " The cell became skewed; shorter cell vectors were chosen." if num_straightened else ""


def _space_group(end: Crystal, ticket: Ticket, symprec: float) -> int | None:
    return None if ticket.space_group is None else space_group(end, symprec)


def refusal(name: str, crystal: Crystal | None, stop: Stop) -> RelaxResult:
    """Make the result of a structure that never enters a batch."""
    if crystal is None:
        crystal = Crystal(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros((3, 3)))
    return RelaxResult(
        name=name,
        species=crystal.species,
        positions=crystal.positions,
        cell=crystal.cell,
        energy=float("nan"),
        forces=np.full(crystal.positions.shape, np.nan),
        stress=np.full((3, 3), np.nan),
        stop_reason=stop.reason,
        message=stop.message,
        num_steps=0,
        num_evaluations=0,
        fmax=float("nan"),
        smax=float("nan"),
        initial_volume=float(abs(np.linalg.det(crystal.cell))),
        wall_share=0.0,
    )
