"""Crystals that were handed out before their end, to be relaxed further by another worker."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.errors import InvalidStructure
from facet.graph.neighbors import Crystal, find_pairs
from facet.graph.skin import SKIN, list_of
from facet.relaxation.curve import nothing_passed
from facet.relaxation.result import RelaxResult, StopReason
from facet.relaxation.rows import rows_on_host
from facet.relaxation.state import OptimizerState, keep_states, start_state
from facet.relaxation.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from facet.potential import Potential
    from facet.relaxation.optimizers.optimizer import Optimizer

PARTS = ("ledger", "coordinates", "geometry", "memory", "constraints", "last_good")
LAYOUT = 1
"""Raised when older states cannot be read any more."""


@dataclass(frozen=True, eq=False)
class Suspended:
    """One crystal on its way, with all that the optimizer remembers.

    Hand it to ``relax`` like any structure and it goes on from where it was.

    Attributes:
        name: As given.
        optimizer: Name of the optimizer whose memory this is.
        arrays: Every tensor of the state by part and field, e.g. ``ledger.num_steps``.
    """

    name: str
    optimizer: str
    arrays: Mapping[str, np.ndarray]

    @property
    def crystal(self) -> Crystal:
        """Where it is now."""
        return Crystal(
            self.arrays["ledger.species"],
            self.arrays["geometry.positions"],
            self.arrays["geometry.cells"][0],
            self.arrays.get("ticket.is_held"),
        )

    @property
    def num_steps(self) -> int:
        """Optimizer steps taken so far."""
        return int(self.arrays["ledger.num_steps"][0])

    def to_bytes(self) -> bytes:
        """Compress into an npz archive."""
        file = io.BytesIO()
        head = json.dumps({"layout": LAYOUT, "name": self.name, "optimizer": self.optimizer})
        contents: dict[str, Any] = {"head": np.array(head), **self.arrays}
        np.savez_compressed(file, **contents)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Suspended:
        """Read what ``to_bytes`` made.

        Raises:
            InvalidStructure: It is something else, or of another layout.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(str(arrays.pop("head")))
            is_known = head["layout"] == LAYOUT
            name, optimizer = head["name"], head["optimizer"]
        except (ValueError, OSError, TypeError, KeyError) as error:
            raise InvalidStructure("These bytes are no suspended crystal of Facet.") from error
        if not is_known:
            raise InvalidStructure(
                f"{name} was suspended by another version of Facet; relax it from its input."
            )
        return cls(name, optimizer, arrays)


def suspend(state: OptimizerState, optimizer: str) -> Iterator[Suspended]:
    """Hand out every crystal in flight.

    Args:
        state: Where they are.
        optimizer: Name of the optimizer that moves them.
    """
    for index in range(state.num_structures):
        one = keep_states(state, [index])
        arrays = {
            f"{part}.{name}": values
            for part in PARTS
            for name, values in rows_on_host(getattr(one, part)).items()
        }
        yield Suspended(one.names[0], optimizer, {**arrays, **_of_ticket(one.tickets[0])})


def resumed(crystal: Suspended, potential: Potential, optimizer: Optimizer) -> OptimizerState:
    """Bring a crystal back to where it was; its neighbors are found anew.

    Raises:
        InvalidStructure: Its state does not fit this version, or its geometry has no meaning.
    """
    device, arrays = potential.device, crystal.arrays
    pairs = find_pairs(crystal.crystal, potential.cutoff + SKIN)
    ticket = _ticket(crystal.name, arrays)
    fresh = start_state(ticket, crystal.crystal, pairs, optimizer, device)
    try:
        parts = {part: _filled(getattr(fresh, part), part, arrays, device) for part in PARTS}
    except KeyError as error:
        raise InvalidStructure(
            f"{crystal.name}: its suspended state lacks {error}; relax it from its input."
        ) from error
    return OptimizerState(
        tickets=fresh.tickets,
        structure_index=fresh.structure_index,
        neighbors=list_of(crystal.crystal, pairs, device),
        **parts,
    )


def _filled(
    example: Any,  # noqa: ANN401 (any dataclass of rows)
    part: str,
    arrays: Mapping[str, np.ndarray],
    device: torch.device,
) -> Any:  # noqa: ANN401
    """Rows of the same kind as an example, with the stored numbers."""
    return type(example)(
        **{
            each.name: torch.as_tensor(arrays[f"{part}.{each.name}"], device=device)
            for each in fields(example)
        }
    )


def _of_ticket(ticket: Ticket) -> dict[str, np.ndarray]:
    """What of a ticket goes along; trajectories begin anew."""
    arrays = {"ticket.passed": np.array(ticket.passed, dtype=np.float32)}
    if ticket.is_held is not None:
        arrays["ticket.is_held"] = ticket.is_held
    if ticket.space_group is not None:
        arrays["ticket.space_group"] = np.array(ticket.space_group)
    if ticket.first_end is not None:
        values = {name: each for name, each in vars(ticket.first_end).items() if each is not None}
        for name in ("trajectory", "curve"):  # the ticket holds the curve of both relaxations
            values.pop(name, None)
        arrays |= {f"first.{name}": np.asarray(each) for name, each in values.items()}
    return arrays


def _ticket(name: str, arrays: Mapping[str, np.ndarray]) -> Ticket:
    group = arrays.get("ticket.space_group")
    passed = nothing_passed()
    passed.extend(arrays.get("ticket.passed", np.zeros(0)).tolist())
    return Ticket(
        name,
        is_held=arrays.get("ticket.is_held"),
        space_group=None if group is None else int(group),
        first_end=_first_end(arrays),
        passed=passed,
    )


def _first_end(arrays: Mapping[str, np.ndarray]) -> RelaxResult | None:
    values: dict[str, Any] = {
        key.removeprefix("first."): each.item() if each.ndim == 0 else each
        for key, each in arrays.items()
        if key.startswith("first.")
    }
    if not values:
        return None
    values["stop_reason"] = StopReason(values["stop_reason"])
    return RelaxResult(**values)
