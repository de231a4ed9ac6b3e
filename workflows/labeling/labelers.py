"""What labels crystals: a potential, in batches, or an ASE calculator, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from facet.errors import FacetError
from facet.graph.elements import check_species
from facet.graph.neighbors import find_pairs, join_crystals
from facet.relaxation.budget import Budget
from facet.relaxation.evaluate import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from facet.graph.neighbors import Crystal, Pairs
    from facet.potential import Potential

CPU_BUDGET = Budget(atoms=256, edges=20_000)
DEVICE_BUDGET = Budget(atoms=8192, edges=1_000_000)
LONGEST_MESSAGE = 300


class Label(NamedTuple):
    """What a labeler says of a crystal.

    Attributes:
        energy: In eV.
        forces: In eV/angstrom, shape (atoms, 3).
        stress: In eV/A^3, shape (3, 3); negative when compressed.
    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray


class Refusal(NamedTuple):
    """Why a frame has no label: a few words that are counted, and a sentence."""

    reason: str
    message: str


@runtime_checkable
class Labeler(Protocol):
    """Anything that labels many crystals at once; no crystal may spoil the answer for another.

    Attributes:
        known: Atomic numbers that it knows; None if it cannot tell.
        facts: What identifies it, as plain values.
    """

    @property
    def known(self) -> AbstractSet[int] | None:
        """Atomic numbers that it knows."""
        ...

    @property
    def facts(self) -> dict[str, Any]:
        """What identifies it."""
        ...

    def label(self, crystals: Sequence[Crystal]) -> list[Label | Refusal]:
        """Label crystals, in their order."""
        ...


@dataclass(frozen=True)
class PotentialLabeler:
    """Labels by a potential, many crystals in a batch.

    Attributes:
        potential: The potential.
    """

    potential: Potential

    @property
    def known(self) -> AbstractSet[int]:
        """Atomic numbers that the potential knows."""
        return self.potential.species

    @property
    def facts(self) -> dict[str, Any]:
        """Its fingerprint, precision and energy scheme."""
        return {
            "fingerprint": self.potential.fingerprint,
            "energy_scheme": self.potential.energy_scheme,
            "precision": str(self.potential.dtype).removeprefix("torch."),
        }

    def label(self, crystals: Sequence[Crystal]) -> list[Label | Refusal]:
        """Label crystals in batches; what fails together is asked again in halves."""
        budget = CPU_BUDGET if self.potential.device.type == "cpu" else DEVICE_BUDGET
        evaluator = Evaluator(self.potential, budget)
        answers: dict[int, Label | Refusal] = {}
        ready: list[tuple[int, Pairs]] = []
        for index, crystal in enumerate(crystals):
            try:
                check_species(crystal.species, self.potential.species, "frame")
                ready.append((index, find_pairs(crystal, self.potential.cutoff)))
            except FacetError as error:
                answers[index] = refusal_of(error)
        for group in _groups(ready, crystals, budget):
            answers.update(self._label_group(group, crystals, evaluator))
        return [answers[index] for index in range(len(crystals))]

    def _label_group(
        self,
        group: Sequence[tuple[int, Pairs]],
        crystals: Sequence[Crystal],
        evaluator: Evaluator,
    ) -> Iterator[tuple[int, Label | Refusal]]:
        own = [crystals[index] for index, _ in group]
        batch = join_crystals(own, [pairs for _, pairs in group], device=self.potential.device)
        said = evaluator(batch)
        energy, stress = said.energy.cpu().numpy(), said.stress.cpu().numpy()
        limits = np.cumsum([len(each.species) for each in own])[:-1]
        forces = np.split(said.forces.cpu().numpy(), limits)
        for place, (index, _) in enumerate(group):
            if place in said.failures:
                message = said.failures[place].message
                yield index, Refusal("the labeler failed", message[:LONGEST_MESSAGE])
            else:
                yield index, Label(float(energy[place]), forces[place], stress[place])


@dataclass(frozen=True)
class AseLabeler:
    """Labels by an ASE calculator, one crystal after the other.

    Attributes:
        calculator: An instance that gives energy, forces and stress.
    """

    calculator: Any

    @property
    def known(self) -> None:
        """A calculator does not say which elements it knows."""
        return

    @property
    def facts(self) -> dict[str, Any]:
        """Its class."""
        kind = type(self.calculator)
        return {"class": f"{kind.__module__}.{kind.__qualname__}"}

    def label(self, crystals: Sequence[Crystal]) -> list[Label | Refusal]:
        """Label crystals one by one; whatever one of them raises becomes its refusal."""
        return [self._label_one(each) for each in crystals]

    def _label_one(self, crystal: Crystal) -> Label | Refusal:
        from facet.graph.convert import atoms_from

        atoms = atoms_from(crystal)
        atoms.calc = self.calculator
        try:
            energy = float(atoms.get_potential_energy())
            forces = np.array(atoms.get_forces(), dtype=np.float64)
            return Label(energy, forces, np.array(atoms.get_stress(voigt=False), dtype=np.float64))
        except Exception as error:  # noqa: BLE001 (a calculator may raise anything; others go on)
            return refusal_of(error)


def refusal_of(error: Exception) -> Refusal:
    """Turn an error into a reason that can be counted, and a sentence."""
    message = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return Refusal(f"the labeler raised {type(error).__name__}", message[:LONGEST_MESSAGE])


def _groups(
    ready: Sequence[tuple[int, Pairs]], crystals: Sequence[Crystal], budget: Budget
) -> Iterator[list[tuple[int, Pairs]]]:
    """Consecutive crystals that fit the budget together; one that is too large comes alone."""
    group: list[tuple[int, Pairs]] = []
    atoms = edges = 0
    for index, pairs in ready:
        more_atoms, more_edges = len(crystals[index].species), len(pairs.center)
        if group and not budget.holds(atoms + more_atoms, edges + more_edges):
            yield group
            group, atoms, edges = [], 0, 0
        group.append((index, pairs))
        atoms, edges = atoms + more_atoms, edges + more_edges
    if group:
        yield group
