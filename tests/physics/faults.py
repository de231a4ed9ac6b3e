"""Potentials that are almost right, each with one fault of physics."""

from dataclasses import dataclass, replace

import torch

from facet.derivatives import energy_forces_stress
from facet.errors import UnsupportedElement
from facet.testing import LennardJones, Wrapper

# Short-sighted, so that it is quick to try.
SOUND = LennardJones(cutoff=4.6, switch_start=3.7)


@dataclass(frozen=True)
class Faulty(Wrapper):
    """Lennard-Jones atoms with something done to the answer."""

    inner: LennardJones = SOUND

    def __call__(self, batch):
        return self.spoil(self.inner(batch), batch)


class WrongStressSign(Faulty):
    def spoil(self, said, batch):
        return replace(said, stress=-said.stress)


class WrongForces(Faulty):
    def spoil(self, said, batch):
        return replace(said, forces=1.01 * said.forces)


class StressOfASkewedStrain(Faulty):
    def spoil(self, said, batch):
        skew = torch.zeros(3, 3, dtype=said.stress.dtype)
        skew[0, 1] = 1e-4
        return replace(said, stress=said.stress + skew)


class SeesItsMates(Faulty):
    def spoil(self, said, batch):
        return replace(said, energy=said.energy + 1e-4 * (batch.num_structures - 1))


class KnowsItsPlace(Faulty):
    """The first crystal of a batch gets more."""

    def spoil(self, said, batch):
        first = torch.arange(batch.num_structures) == 0
        return replace(said, energy=said.energy + 1e-4 * ~first)


class LooksAtTheCell(Faulty):
    def spoil(self, said, batch):
        return replace(said, energy=said.energy + 1e-4 * batch.cells.abs().sum((1, 2)).tanh())


class LooksAtPositions(Faulty):
    def spoil(self, said, batch):
        where = torch.zeros_like(said.energy).index_add(
            0, batch.structure_index, batch.positions[:, 0].sin()
        )
        return replace(said, energy=said.energy + 1e-4 * where)


class LooksAtTheFirstAtom(Faulty):
    def spoil(self, said, batch):
        sizes = batch.atoms_per_structure
        first = batch.species[sizes.cumsum(0) - sizes]
        return replace(said, energy=said.energy + 1e-4 * first)


class CountsCellsNotAtoms(Faulty):
    """An energy that every cell has once, however large it is."""

    def spoil(self, said, batch):
        return replace(said, energy=said.energy + 0.01)


class PushesLoneAtoms(Faulty):
    def spoil(self, said, batch):
        degree = torch.bincount(batch.edge_index[0], minlength=batch.num_atoms)
        return replace(said, forces=said.forces + 1e-3 * (degree == 0)[:, None])


class ForgetsTheOneAtomCase(Faulty):
    """Squeezes one dimension too many away."""

    def spoil(self, said, batch):
        return replace(said, forces=said.forces.squeeze())


class FailsWithoutEdges(Faulty):
    def spoil(self, said, batch):
        if batch.num_edges == 0:
            raise RuntimeError("cannot reshape tensor of 0 elements")
        return said


class NotANumber(Faulty):
    """Overflows in large cells."""

    def spoil(self, said, batch):
        large = batch.atoms_per_structure >= 200
        forces = said.forces.masked_fill(large[batch.structure_index, None], torch.nan)
        return replace(said, forces=forces)


@dataclass(frozen=True)
class WithExtraEnergy(Wrapper):
    """Lennard-Jones atoms plus a term with exact derivatives."""

    inner: LennardJones = SOUND

    def __call__(self, batch):
        said, extra = self.inner(batch), energy_forces_stress(self.more_energy, batch)
        return replace(
            said,
            energy=said.energy + extra.energy,
            forces=said.forces + extra.forces,
            stress=said.stress + extra.stress,
        )

    def envelope(self, vectors, power):
        """One at no distance, zero at the cutoff, with this many minus one derivatives."""
        return (1 - vectors.square().sum(1) / self.cutoff**2).clamp(min=0) ** power


class TellsLeftFromRight(WithExtraEnergy):
    """A triple product of three sums over the bonds of an atom."""

    def more_energy(self, species, vectors, edge_index):
        sums = [
            vectors.new_zeros(len(species), 3).index_add(
                0, edge_index[0], self.envelope(vectors, power)[:, None] * vectors
            )
            for power in (3, 5, 8)
        ]
        return 0.01 * (sums[0] * torch.linalg.cross(sums[1], sums[2])).sum(1)


class PrefersTheAxes(WithExtraEnergy):
    """Invariant under the rotations of a cube, and under no others."""

    def more_energy(self, species, vectors, edge_index):
        term = self.envelope(vectors, 4) * vectors.pow(4).sum(1)
        return vectors.new_zeros(len(species)).index_add(0, edge_index[0], 3e-6 * term)


class JumpingEnergy(WithExtraEnergy):
    """Counts neighbors; derived faults go to zero like a power of the distance to the cutoff."""

    power = 0

    def more_energy(self, species, vectors, edge_index):
        distance = torch.linalg.vector_norm(vectors, dim=1)
        inside = self.cutoff - distance
        term = torch.where(inside > 0, inside**self.power, 0.0)
        return vectors.new_zeros(len(species)).index_add(0, edge_index[0], 1e-3 * term)


class JumpingForce(JumpingEnergy):
    power = 1


class JumpingForceConstant(JumpingEnergy):
    """Its amplitude makes the jump twice what is allowed."""

    power = 2

    def more_energy(self, species, vectors, edge_index):
        return 50 * super().more_energy(species, vectors, edge_index)


class SeesBeyondItsCutoff(Wrapper):
    """Says a cutoff that is shorter than its sight."""

    def __init__(self):
        super().__init__(SOUND)

    @property
    def cutoff(self):
        return 4.1

    def __call__(self, batch):
        return self.inner(batch)


class AcceptsAnything(Wrapper):
    """Answers for elements that are not among its species."""

    def __init__(self):
        super().__init__(SOUND)

    @property
    def species(self):
        return frozenset({6, 8})

    def __call__(self, batch):
        return self.inner(batch)


class RefusesWithoutAName(AcceptsAnything):
    error = UnsupportedElement("The element is not known.")

    def __call__(self, batch):
        if set(batch.species.tolist()) - self.species:
            raise self.error
        return self.inner(batch)


class CrashesOnUnknown(RefusesWithoutAName):
    error = IndexError("index out of range in self")
