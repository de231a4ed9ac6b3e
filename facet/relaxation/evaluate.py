"""Asking the potential, such that no crystal can spoil the answer for another.

A batch that fails, for lack of memory or for any other reason, is asked again in halves, and these
in halves, until the crystals that fail alone are found; all others have their answers by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch

from facet.relaxation.guard import Mishap, attempt

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch
    from facet.potential import Potential, Prediction
    from facet.relaxation.result import Stop


@dataclass(frozen=True)
class Budget:
    """What is evaluated together.

    Attributes:
        atoms: Number of atoms.
        edges: Number of directed edges.
    """

    atoms: int
    edges: int

    def holds(self, atoms: int, edges: int) -> bool:
        """Whether so many fit."""
        return atoms <= self.atoms and edges <= self.edges


class Evaluation(NamedTuple):
    """What the potential said of a batch, in double precision, and of whom it could not.

    Attributes:
        energy: In eV; ``nan`` where it failed.
        forces: In eV/angstrom; ``nan`` where it failed.
        stress: In eV/A^3; ``nan`` where it failed.
        failures: Why it failed, by index of the crystal.
    """

    energy: Float[Tensor, " structures"]
    forces: Float[Tensor, "atoms 3"]
    stress: Float[Tensor, "structures 3 3"]
    failures: dict[int, Stop]


class Evaluator:
    """A potential and the batch size it can bear.

    Args:
        potential: Asked for energies, forces and stresses.
        budget: Largest batch to hand it; shrinks when memory runs out.
    """

    def __init__(self, potential: Potential, budget: Budget) -> None:
        self.potential = potential
        self.budget = budget
        self._largest_success = Budget(0, 0)
        self._has_run_out = False

    def __call__(self, batch: GraphBatch) -> Evaluation:
        """Evaluate every crystal of a batch, together as far as possible."""
        self._largest_success = Budget(0, 0)
        self._has_run_out = False
        evaluation = self._evaluate(batch)
        if self._has_run_out and self._largest_success.atoms:
            self.budget = Budget(
                min(self.budget.atoms, self._largest_success.atoms),
                min(self.budget.edges, max(1, self._largest_success.edges)),
            )
        return evaluation

    def _evaluate(self, batch: GraphBatch) -> Evaluation:
        is_alone = batch.num_structures == 1
        if not is_alone and not self.budget.holds(batch.num_atoms, batch.num_edges):
            return self._in_halves(batch)
        answer = attempt(lambda: self._ask(batch), "The potential")
        if isinstance(answer, Mishap):
            self._note(answer, batch)
            return _failed(batch, answer.stop) if is_alone else self._in_halves(batch)
        if not is_alone and not _is_finite(answer):
            return self._in_halves(batch)
        if batch.num_atoms > self._largest_success.atoms:
            self._largest_success = Budget(batch.num_atoms, batch.num_edges)
        return answer

    def _ask(self, batch: GraphBatch) -> Evaluation:
        handed = batch.to(self.potential.device, self.potential.dtype)
        return _in_double_precision(self.potential(handed), batch)

    def _note(self, mishap: Mishap, batch: GraphBatch) -> None:
        if not mishap.is_out_of_memory:
            return
        self._has_run_out = True
        if batch.positions.is_cuda:
            torch.cuda.empty_cache()

    def _in_halves(self, batch: GraphBatch) -> Evaluation:
        middle = batch.num_structures // 2
        first = self._evaluate(part_of(batch, 0, middle))
        second = self._evaluate(part_of(batch, middle, batch.num_structures))
        shifted = {middle + index: stop for index, stop in second.failures.items()}
        return Evaluation(
            torch.cat([first.energy, second.energy]),
            torch.cat([first.forces, second.forces]),
            torch.cat([first.stress, second.stress]),
            {**first.failures, **shifted},
        )


def part_of(batch: GraphBatch, start: int, stop: int) -> GraphBatch:
    """Cut consecutive structures out of a batch."""
    limits = torch.tensor([start, stop], device=batch.structure_index.device)
    atoms = torch.searchsorted(batch.structure_index, limits)
    edges = slice(*torch.searchsorted(batch.edge_index[0].contiguous(), atoms).tolist())
    rows = slice(*atoms.tolist())
    return replace(
        batch,
        positions=batch.positions[rows],
        species=batch.species[rows],
        cells=batch.cells[start:stop],
        structure_index=batch.structure_index[rows] - start,
        edge_index=batch.edge_index[:, edges] - atoms[0],
        edge_shifts=batch.edge_shifts[edges],
    )


def _in_double_precision(prediction: Prediction, batch: GraphBatch) -> Evaluation:
    """Check the shapes of a prediction and bring it to the precision of the batch."""
    wanted = ((batch.num_structures,), (batch.num_atoms, 3), (batch.num_structures, 3, 3))
    answer = (prediction.energy, prediction.forces, prediction.stress)
    found = tuple(tuple(each.shape) for each in answer)
    if found != wanted:
        raise ValueError(f"energy, forces and stress have shapes {found}, not {wanted}")
    like = batch.positions
    energy, forces, stress = (each.detach().to(like.device, like.dtype) for each in answer)
    return Evaluation(energy, forces, stress, failures={})


def _is_finite(answer: Evaluation) -> bool:
    total = answer.energy.sum() + answer.forces.sum() + answer.stress.sum()
    return bool(total.isfinite())


def _failed(batch: GraphBatch, stop: Stop) -> Evaluation:
    nothing = torch.nan
    return Evaluation(
        torch.full_like(batch.cells[:, 0, 0], nothing),
        torch.full_like(batch.positions, nothing),
        torch.full_like(batch.cells, nothing),
        {0: stop},
    )
