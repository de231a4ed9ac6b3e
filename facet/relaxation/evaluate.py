"""Asking the potential, such that no crystal can spoil the answer for another.

A batch that fails, for lack of memory or for any other reason, is asked again in halves, and these
in halves, until the crystals that fail alone are found; all others have their answers by then.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from facet.relaxation.budget import FIRST_BUDGET, NO_LIMIT, Budget
from facet.relaxation.gauges import gauge_of
from facet.relaxation.guard import Mishap, attempt
from facet.relaxation.memory import MemoryBook
from facet.uncertainty import MemberPrediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch
    from facet.potential import Potential, Prediction
    from facet.relaxation.result import Stop


class Evaluation(NamedTuple):
    """What the potential said of a batch, in double precision, and of whom it could not.

    Attributes:
        energy: In eV; ``nan`` where it failed.
        forces: In eV/angstrom; ``nan`` where it failed.
        stress: In eV/A^3; ``nan`` where it failed.
        failures: Why it failed, by index of the crystal.
        member_offsets: Energy by each member of a committee less the energy in eV, where the
            potential tells; ``nan`` where it failed.
    """

    energy: Float[Tensor, " structures"]
    forces: Float[Tensor, "atoms 3"]
    stress: Float[Tensor, "structures 3 3"]
    failures: dict[int, Stop]
    member_offsets: Float[Tensor, "structures members"] | None = None


class Evaluator:
    """A potential and the batch size it can bear.

    Args:
        potential: Asked for energies, forces and stresses.
        budget: Largest batch to hand it; shrinks when memory runs out.
        book: Learns from every batch how large the next may be, up to that budget; none keeps it.

    Attributes:
        budget: Largest batch to hand to the potential now.
        seconds: Time that the potential took.
    """

    def __init__(
        self, potential: Potential, budget: Budget, book: MemoryBook | None = None
    ) -> None:
        self.potential = potential
        self.budget = budget if book is None else budget.within(book.budget())
        self.seconds = 0.0
        self._limit = budget
        self._book = book
        self._largest_success = Budget(0, 0)
        self._has_run_out = False

    def __call__(self, batch: GraphBatch) -> Evaluation:
        """Evaluate every crystal of a batch, together as far as possible."""
        self._largest_success = Budget(0, 0)
        self._has_run_out = False
        evaluation = self._evaluate(batch)
        if self._has_run_out and self._largest_success.atoms:
            success = self._largest_success
            self._limit = self._limit.within(Budget(success.atoms, max(1, success.edges)))
            self.budget = self.budget.within(self._limit)
        elif self._book:
            self.budget = self._limit.within(self._book.budget())
        return evaluation

    def remember(self) -> None:
        """Keep what was learned of the memory for the next run."""
        if self._book:
            self._book.remember()

    def _evaluate(self, batch: GraphBatch) -> Evaluation:
        is_alone = batch.num_structures == 1
        if not is_alone and not self.budget.holds(batch.num_atoms, batch.num_edges):
            return self._in_parts(batch, _cuts(batch, self.budget))
        started = perf_counter()
        if self._book:
            self._book.start()
        answer = attempt(lambda: self._ask(batch), "The potential")
        self.seconds += perf_counter() - started
        if isinstance(answer, Mishap):
            self._note(answer, batch)
            return _failed(batch, answer.stop) if is_alone else self._in_halves(batch)
        if not is_alone and not _is_finite(answer):
            return self._in_halves(batch)
        if self._book:
            self._book.fitted(batch.num_atoms, batch.num_edges)
        if batch.num_atoms > self._largest_success.atoms:
            self._largest_success = Budget(batch.num_atoms, batch.num_edges)
        return answer

    def _ask(self, batch: GraphBatch) -> Evaluation:
        is_double = self.potential.dtype == batch.positions.dtype
        near = batch if is_double else _around_origin(batch)
        handed = near.to(self.potential.device, self.potential.dtype)
        return _in_double_precision(self.potential(handed), batch)

    def _note(self, mishap: Mishap, batch: GraphBatch) -> None:
        if not mishap.is_out_of_memory:
            return
        self._has_run_out = True
        if self._book and batch.num_structures > 1:
            self._book.ran_out(batch.num_edges)
        if batch.positions.is_cuda:
            torch.cuda.empty_cache()

    def _in_halves(self, batch: GraphBatch) -> Evaluation:
        return self._in_parts(batch, [batch.num_structures // 2])

    def _in_parts(self, batch: GraphBatch, cuts: list[int]) -> Evaluation:
        """Evaluate what lies between the cuts, part after part."""
        limits = list(itertools.pairwise([0, *cuts, batch.num_structures]))
        parts = [self._evaluate(part_of(batch, *each)) for each in limits]
        return Evaluation(
            torch.cat([part.energy for part in parts]),
            torch.cat([part.forces for part in parts]),
            torch.cat([part.stress for part in parts]),
            {
                first + index: stop
                for (first, _), part in zip(limits, parts, strict=True)
                for index, stop in part.failures.items()
            },
            _offsets_of(parts),
        )


def evaluator_for(potential: Potential, max_atoms: int = 0, max_edges: int = 0) -> Evaluator:
    """Return an evaluator that learns what fits where memory can be measured.

    Args:
        potential: Asked for energies, forces and stresses.
        max_atoms: Largest batch; zero for what is learned, or what is good for a CPU.
        max_edges: The same in directed edges.
    """
    wish = Budget(max_atoms, max_edges)
    gauge = gauge_of(potential.device)
    if gauge is None:
        return Evaluator(potential, wish.or_else(FIRST_BUDGET))
    return Evaluator(potential, wish.or_else(NO_LIMIT), MemoryBook(potential, gauge))


def _around_origin(batch: GraphBatch) -> GraphBatch:
    """Move each crystal as a whole, so that single precision is not spent on where it lies."""
    last = torch.cumsum(batch.atoms_per_structure, 0)
    first = batch.positions.index_select(0, last - batch.atoms_per_structure)
    return replace(batch, positions=batch.positions - first.index_select(0, batch.structure_index))


def _cuts(batch: GraphBatch, budget: Budget) -> list[int]:
    """Where to cut such that each part holds as many crystals as the budget, or one beyond it."""
    edge_counts = torch.bincount(
        batch.structure_index[batch.edge_index[0]], minlength=batch.num_structures
    )
    counts = zip(batch.atoms_per_structure.tolist(), edge_counts.tolist(), strict=True)
    cuts = []
    atoms = edges = 0
    for index, (more_atoms, more_edges) in enumerate(counts):
        if index and not budget.holds(atoms + more_atoms, edges + more_edges):
            cuts.append(index)
            atoms = edges = 0
        atoms, edges = atoms + more_atoms, edges + more_edges
    return cuts


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


def _offsets_of(parts: Sequence[Evaluation]) -> Float[Tensor, "structures members"] | None:
    """Join what members say of several parts, if they say anything."""
    known = next((part.member_offsets for part in parts if part.member_offsets is not None), None)
    if known is None:
        return None
    return torch.cat(
        [
            known.new_full((len(part.energy), known.shape[1]), torch.nan)
            if part.member_offsets is None
            else part.member_offsets
            for part in parts
        ]
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
    offsets = None
    if isinstance(prediction, MemberPrediction):
        offsets = prediction.member_offsets.to(like.device, like.dtype)
    return Evaluation(energy, forces, stress, failures={}, member_offsets=offsets)


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
