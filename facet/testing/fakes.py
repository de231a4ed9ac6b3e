"""Small potentials with known answers, and potentials that misbehave on purpose.

They take part in the tests of everything that drives a potential, here and in projects that build
on Facet; none of them describes a real material.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import torch

from facet.graph.elements import check_batch_species
from facet.potential import Prediction

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch
    from facet.potential import Potential

ALL_SPECIES = frozenset(range(1, 119))


@dataclass(frozen=True)
class PairPotential(ABC):
    """A sum over pairs that is switched off smoothly at the cutoff; all species are alike to it.

    Attributes:
        cutoff: In angstrom; pairs at and beyond it count nothing.
        switch_start: Where the switch from one to zero begins, in angstrom.
        species: Atomic numbers that it accepts.
        dtype: Precision of its arithmetic.
        device: Where its tensors live.
    """

    cutoff: float = 6.0
    switch_start: float = 4.5
    species: frozenset[int] = ALL_SPECIES
    dtype: torch.dtype = torch.float64
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    energy_scheme: str = "model energies"

    @abstractmethod
    def pair_energy(self, distances: Float[Tensor, " edges"]) -> tuple[Tensor, Tensor]:
        """Energy of a pair in eV and its derivative in eV/angstrom, before the switch."""

    @property
    def fingerprint(self) -> str:
        """Hash of the parameters."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def in_double(self) -> PairPotential:
        """The same potential in double precision."""
        return self if self.dtype == torch.float64 else replace(self, dtype=torch.float64)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch; forces and stress are the exact derivatives of the energy.

        Raises:
            UnsupportedElement: The batch holds an element that is not among the species.
        """
        check_batch_species(batch, self.species)
        vectors = batch.edge_vectors
        distances = torch.linalg.vector_norm(vectors, dim=1)
        bare, slope = self.pair_energy(distances)
        switch, switch_slope = self._switch(distances)
        energy = 0.5 * bare * switch
        pull = (slope * switch + bare * switch_slope)[:, None] * vectors / distances[:, None]
        center = batch.edge_index[0]
        structure = batch.structure_index[center]
        virial = 0.5 * pull[:, :, None] * vectors[:, None, :]
        return Prediction(
            energy=energy.new_zeros(batch.num_structures).index_add(0, structure, energy),
            forces=torch.zeros_like(batch.positions).index_add(0, center, pull),
            stress=torch.zeros_like(batch.cells).index_add(0, structure, virial)
            / batch.volumes[:, None, None],
        )

    def _switch(self, distances: Float[Tensor, " edges"]) -> tuple[Tensor, Tensor]:
        """Fall from one to zero with two continuous derivatives, and the slope of the fall."""
        width = self.cutoff - self.switch_start
        x = ((distances - self.switch_start) / width).clamp(0, 1)
        fall = 1 - x**3 * (10 - 15 * x + 6 * x**2)
        return fall, -30 * x**2 * (1 - x) ** 2 / width


@dataclass(frozen=True)
class LennardJones(PairPotential):
    """Lennard-Jones atoms.

    Attributes:
        epsilon: Depth of the well in eV.
        sigma: Distance at which a pair has no energy, in angstrom.
    """

    epsilon: float = 0.1
    sigma: float = 2.2

    def pair_energy(self, distances: Float[Tensor, " edges"]) -> tuple[Tensor, Tensor]:
        """The 12-6 potential."""
        power = (self.sigma / distances) ** 6
        energy = 4 * self.epsilon * (power**2 - power)
        return energy, -24 * self.epsilon * (2 * power**2 - power) / distances


@dataclass(frozen=True)
class HarmonicBonds(PairPotential):
    """Springs between near neighbors: a lattice whose bonds all have the rest length has no energy.

    Attributes:
        stiffness: Of a spring, in eV/A^2.
        rest_length: Of a spring, in angstrom.
    """

    cutoff: float = 3.6
    switch_start: float = 3.2
    stiffness: float = 2.0
    rest_length: float = 2.7

    def pair_energy(self, distances: Float[Tensor, " edges"]) -> tuple[Tensor, Tensor]:
        """A parabola around the rest length."""
        stretch = distances - self.rest_length
        return 0.5 * self.stiffness * stretch**2, self.stiffness * stretch


@dataclass(frozen=True)
class Wrapper:
    """A potential that looks like the one within.

    Attributes:
        inner: Answers what the wrapper lets through.
    """

    inner: Potential

    @property
    def cutoff(self) -> float:
        """As the potential within."""
        return self.inner.cutoff

    @property
    def species(self) -> frozenset[int]:
        """As the potential within."""
        return self.inner.species

    @property
    def fingerprint(self) -> str:
        """As the potential within."""
        return self.inner.fingerprint

    @property
    def energy_scheme(self) -> str:
        """As the potential within."""
        return self.inner.energy_scheme

    @property
    def dtype(self) -> torch.dtype:
        """As the potential within."""
        return self.inner.dtype

    @property
    def device(self) -> torch.device:
        """As the potential within."""
        return self.inner.device

    def in_double(self) -> Self:
        """Wrap the potential within in double precision; what was counted is shared."""
        inner = self.inner.in_double()
        return self if inner is self.inner else replace(self, inner=inner)


@dataclass(frozen=True)
class RaisesOn(Wrapper):
    """Raises an error for every batch that holds a marked crystal.

    Attributes:
        marker: Crystals that contain this atomic number are marked.
        error: What is raised.
    """

    marker: int = 2
    error: Exception = field(default_factory=lambda: RuntimeError("a kernel failed"))

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Raise if a marked crystal is there, else evaluate."""
        if marked(batch, self.marker).any():
            raise self.error
        return self.inner(batch)


@dataclass(frozen=True)
class NanOn(Wrapper):
    """Answers nothing but ``nan`` for marked crystals, after some calls that are still sound.

    Attributes:
        marker: Crystals that contain this atomic number are marked.
        num_sound_calls: Calls with a marked crystal that are answered soundly.
        calls: Size of each batch with a marked crystal so far.
    """

    marker: int = 2
    num_sound_calls: int = 0
    calls: list[int] = field(default_factory=list)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate, and overwrite the answer for marked crystals."""
        sound = self.inner(batch)
        is_marked = marked(batch, self.marker)
        if is_marked.any():
            self.calls.append(batch.num_structures)
        if not is_marked.any() or len(self.calls) <= self.num_sound_calls:
            return sound
        return Prediction(
            energy=sound.energy.masked_fill(is_marked, torch.nan),
            forces=sound.forces.masked_fill(is_marked[batch.structure_index][:, None], torch.nan),
            stress=sound.stress.masked_fill(is_marked[:, None, None], torch.nan),
        )


@dataclass(frozen=True)
class SmallMemory(Wrapper):
    """Runs out of memory on large batches, as a device does.

    Attributes:
        max_atoms: Largest batch that fits.
        sizes: Number of atoms of every batch that was tried.
    """

    max_atoms: int = 100
    sizes: list[int] = field(default_factory=list)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate what fits."""
        self.sizes.append(batch.num_atoms)
        if batch.num_atoms > self.max_atoms:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self.inner(batch)


def marked(batch: GraphBatch, marker: int) -> Bool[Tensor, " structures"]:
    """Tell which structures contain an atomic number."""
    is_marked = torch.zeros(batch.num_structures, dtype=torch.bool, device=batch.species.device)
    is_marked[batch.structure_index[batch.species == marker]] = True
    return is_marked
