"""The Facet network as a potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from facet.derivatives import energy_forces_stress
from facet.errors import UnsupportedElement

if TYPE_CHECKING:
    from facet.graph.batch import GraphBatch
    from facet.nn.network import FacetNetwork
    from facet.potential import Prediction

ENERGY_SCHEME = "PBE+U uncorrected"


class FacetPotential:
    """Energies, forces and stresses of the Facet network.

    Args:
        network: The network, in the precision and on the device it shall run.
        fingerprint: SHA-256 of its weights and config.
        card: How it was trained, and its measured errors.
    """

    def __init__(self, network: FacetNetwork, fingerprint: str, card: dict[str, Any]) -> None:
        self.network = network.eval().requires_grad_(requires_grad=False)
        self.fingerprint = fingerprint
        self.card = card

    @property
    def cutoff(self) -> float:
        """Radius of the neighbor list in angstrom."""
        return float(self.network.basis.cutoff)

    @property
    def species(self) -> frozenset[int]:
        """Atomic numbers that it knows."""
        return frozenset(self.network.config.species)

    @property
    def energy_scheme(self) -> str:
        """Functional and corrections of its energies."""
        return str(self.card.get("energy_scheme", ENERGY_SCHEME))

    @property
    def dtype(self) -> torch.dtype:
        """Precision of its arithmetic."""
        return self.network.embedding.dtype

    @property
    def device(self) -> torch.device:
        """Where its tensors live."""
        return self.network.embedding.device

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch.

        Raises:
            UnsupportedElement: The batch holds an element that the potential does not know.
        """
        rows = self.network.species_row[batch.species]
        if bool((rows == len(self.network.config.species)).any()):
            strange = sorted(set(batch.species.tolist()) - self.species)
            raise UnsupportedElement(
                f"The potential does not know the elements with atomic numbers {strange}; remove "
                "the structures that hold them."
            )
        return energy_forces_stress(self.network, batch)

    def isolated_energies(self) -> dict[int, float]:
        """Energy in eV of one atom without neighbors, by atomic number."""
        numbers = torch.tensor(self.network.config.species, device=self.device)
        with torch.no_grad():
            energies = self.network(
                numbers,
                torch.zeros(0, 3, dtype=self.dtype, device=self.device),
                torch.zeros(2, 0, dtype=torch.long, device=self.device),
            )
        return dict(zip(self.network.config.species, energies.tolist(), strict=True))
