"""Steps of short relaxations: where a crystal passes on its way from a guess to rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.graph.neighbors import Crystal, Pairs
from facet.relaxation.leaving import without
from facet.relaxation.motion import take_step
from facet.relaxation.result import Stop, StopReason
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.state import OptimizerState, Snapshot, join_states, start_state
from facet.relaxation.tickets import Ticket
from workflows.labeling.frames import Draft, stored
from workflows.labeling.labelers import Label, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NO_PAIRS = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
"""The labeler finds its own neighbors."""


def short_relaxations(
    starts: Sequence[Draft],
    label: Callable[[Sequence[Crystal]], list[Label | Refusal]],
    num_steps: int,
) -> Iterator[tuple[Draft, Label | Refusal]]:
    """Relax all crystals together for some steps, cells included, and yield what they pass.

    The steps are those of the relaxation engine. The start itself is not yielded. A crystal whose
    label is refused yields the refusal and stops; the others go on.

    Args:
        starts: Where the relaxations begin; their kind, parent and seed are kept.
        label: Labels crystals in order, and refuses those that are beyond use.
        num_steps: Length of each relaxation; after its first step every second one is kept.
    """
    if not starts:
        return
    state = join_states(
        [start_state(Ticket(str(i)), d.crystal, NO_PAIRS) for i, d in enumerate(starts)]
    )
    settings = RelaxSettings(optimizer="fire")
    for step in range(num_steps + 1):
        crystals = _crystals(state)
        answers = label(crystals)
        for name, crystal, answer in zip(state.names, crystals, answers, strict=True):
            if isinstance(answer, Refusal) or step % 2:
                yield starts[int(name)]._replace(crystal=crystal), answer
        state = _after_step(state, answers, settings)
        if state.num_structures == 0:
            return


def _crystals(state: OptimizerState) -> list[Crystal]:
    """The present geometries, rounded to what a shard stores."""
    limits = torch.cumsum(state.ledger.num_atoms, 0).tolist()[:-1]
    species = np.split(state.ledger.species.numpy(), limits)
    positions = np.split(state.geometry.positions.numpy(), limits)
    cells = state.geometry.cells.numpy()
    return [stored(Crystal(*each)) for each in zip(species, positions, cells, strict=True)]


def _after_step(
    state: OptimizerState, answers: Sequence[Label | Refusal], settings: RelaxSettings
) -> OptimizerState:
    """Let go of what was refused and move the rest along its forces."""
    refused = {
        index: Stop(StopReason.FAILED, each.message)
        for index, each in enumerate(answers)
        if isinstance(each, Refusal)
    }
    state = without(state, refused)
    labels = [each for each in answers if isinstance(each, Label)]
    if not labels:
        return state
    unknown = torch.full((len(labels),), torch.nan, dtype=torch.float64)
    seen = Snapshot(
        positions=state.geometry.positions,
        cells=state.geometry.cells,
        energy=torch.tensor([each.energy for each in labels], dtype=torch.float64),
        forces=torch.as_tensor(np.concatenate([each.forces for each in labels])),
        stress=torch.as_tensor(np.stack([each.stress for each in labels])),
        fmax=unknown,
        smax=unknown,
    )
    return take_step(replace(state, last_good=seen), settings)
