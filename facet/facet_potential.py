"""The Facet network as a potential."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from facet.derivatives import energy_forces_stress
from facet.errors import CheckpointError
from facet.graph.elements import check_batch_species
from facet.nn.network import FacetNetwork
from facet.uncertainty import LastLayer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jaxtyping import Float
    from torch import Tensor

    from facet.config import ModelConfig
    from facet.golden import GoldenBatch
    from facet.graph.batch import GraphBatch
    from facet.potential import Prediction
    from facet.uncertainty import Committee

ENERGY_SCHEME = "PBE+U uncorrected"


class FacetPotential:
    """Energies, forces and stresses of the Facet network.

    Args:
        network: The network, in the precision and on the device it shall run.
        fingerprint: SHA-256 of its weights and config.
        card: How it was trained, and its measured errors.
        golden: Crystals on which every way of computing the network must agree, from its
            checkpoint.
        committee: Last layers whose disagreement says how far energies can be trusted.

    Attributes:
        path: How the network is computed, in a word.

    Raises:
        CheckpointError: The committee belongs to other weights.
    """

    path = "eager"

    def __init__(
        self,
        network: FacetNetwork,
        fingerprint: str,
        card: dict[str, Any],
        golden: GoldenBatch | None = None,
        committee: Committee | None = None,
    ) -> None:
        if committee is not None:
            committee.check_weights(fingerprint, network.readout)
        self.network = network.eval().requires_grad_(requires_grad=False)
        self.fingerprint = fingerprint
        self.card = card
        self.golden = golden
        self.committee = committee
        self._tells_members = False

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

    def in_double(self) -> FacetPotential:
        """The same weights in double precision, the constants of the network too."""
        if self.dtype == torch.float64:
            return self
        network = plain_network(self.network.config, self.network.state_dict()).to(self.device)
        return FacetPotential(network, self.fingerprint, self.card, self.golden, self.committee)

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate a batch.

        Raises:
            UnsupportedElement: The batch holds an element that the potential does not know.
        """
        self._refuse_unknown(batch)
        if self._tells_members and self.committee is not None:
            return self.last_layer.evaluate(batch, self.committee)
        return energy_forces_stress(self.network, batch)

    @cached_property
    def last_layer(self) -> LastLayer:
        """The network split before its last vector, made when it is first asked for."""
        return LastLayer(self.network)

    def member_energies(self, batch: GraphBatch) -> Float[Tensor, "structures members"]:
        """Return energies in eV by every member of the committee, without derivatives.

        Their mean is the energy that a call gives, their spread says how far it can be trusted.

        Raises:
            CheckpointError: The potential has no committee.
            UnsupportedElement: The batch holds an element that the potential does not know.
        """
        return self.last_layer.member_energies(batch, self._committee_for(batch))

    def telling_members(self) -> FacetPotential:
        """The same potential, which gives a ``MemberPrediction``; itself without members."""
        if self.committee is None:
            return self
        told = copy(self)
        told._tells_members = True  # noqa: SLF001 (of its own kind)
        return told

    def _committee_for(self, batch: GraphBatch) -> Committee:
        """Return the committee that a batch may be shown to."""
        if self.committee is None:
            raise CheckpointError(
                "The checkpoint of this potential holds no committee; fit one with "
                "`python benchmarks/fit_committee.py --potential PATH`."
            )
        self._refuse_unknown(batch)
        return self.committee

    def _refuse_unknown(self, batch: GraphBatch) -> None:
        rows = self.network.species_row[batch.species]
        if bool((rows == len(self.network.config.species)).any()):
            check_batch_species(batch, self.species)

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


def plain_network(config: ModelConfig, weights: Mapping[str, Tensor]) -> FacetNetwork:
    """Build a network in double precision on the CPU, its constants too.

    Args:
        config: Its shape.
        weights: Its state dict, in any precision.

    Raises:
        RuntimeError: The weights are not those of such a network.
    """
    with _double_precision():
        network = FacetNetwork(config)
    network.load_state_dict(dict(weights))
    return network


@contextmanager
def _double_precision() -> Iterator[None]:
    """Make new tensors in double precision while the block runs."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
