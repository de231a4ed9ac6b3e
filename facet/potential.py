"""What every potential offers: energies, forces and stresses of a batch of crystals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch


@dataclass(frozen=True)
class Prediction:
    """What a potential says of a batch.

    Attributes:
        energy: Total energy of each structure in eV.
        forces: Force on each atom in eV/angstrom.
        stress: Symmetric stress of each structure in eV/angstrom^3; negative when compressed.
    """

    energy: Float[Tensor, " structures"]
    forces: Float[Tensor, "atoms 3"]
    stress: Float[Tensor, "structures 3 3"]


@runtime_checkable
class Potential(Protocol):
    """A function from a batch of crystals to energies, forces and stresses.

    Every pair closer than the cutoff must be listed. Edges at and beyond it may be listed too and
    count nothing: weights go to zero there smoothly. Crystals do not see each other: what a
    potential says of one does not depend on what else is in the batch.

    Attributes:
        cutoff: Radius in angstrom within which neighbors must be listed.
        species: Atomic numbers that it knows.
        fingerprint: SHA-256 of its weights and config, in hexadecimal.
        energy_scheme: Functional and corrections of its energies, e.g. ``PBE+U uncorrected``.
        dtype: Precision of its arithmetic.
        device: Where its tensors live.
    """

    @property
    def cutoff(self) -> float:
        """Radius of the neighbor list in angstrom."""
        ...

    @property
    def species(self) -> frozenset[int]:
        """Atomic numbers that it knows."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of weights and config."""
        ...

    @property
    def energy_scheme(self) -> str:
        """Functional and corrections of its energies."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its arithmetic."""
        ...

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        ...

    def in_double(self) -> Potential:
        """The same potential in double precision; itself where it is already."""
        ...

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch whose tensors are in the potential's precision and on its device."""
        ...
