"""How far a potential's own numbers can be trusted: a committee of last layers.

Up to its last vector the network is shared by all members. The energy of a crystal is linear in
that vector and in the origins of the elements, so that the members' energies are one matrix
product on top of what a single evaluation computes anyway.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from facet.derivatives import energy_forces_stress
from facet.errors import CheckpointError
from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float, Int

    from facet.graph.batch import GraphBatch
    from facet.nn.network import FacetNetwork
    from facet.nn.readout import Readout
    from facet.potential import Potential


@dataclass(frozen=True, eq=False)
class Committee:
    """Last layers that explain the training frames about as well as the trained one.

    They are kept as differences from the trained layer and sum to zero over the members: the mean
    of the members is the prediction.

    Attributes:
        heads: Differences of the readout vector, double precision.
        shifts: Differences of the element energies in eV, in the order of the embedding rows,
            double precision.
        fingerprint: Of the weights that the members belong to.
        card: How they were fitted; plain values.
    """

    heads: Float[Tensor, "members width"]
    shifts: Float[Tensor, "members rows"]
    fingerprint: str
    card: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.heads) != len(self.shifts) or len(self.heads) < 2:  # noqa: PLR2004 (a spread needs two)
            raise CheckpointError(
                f"A committee of {len(self.heads)} readout vectors and {len(self.shifts)} rows of "
                "element energies has no spread; fit it again with two members or more."
            )

    @property
    def num_members(self) -> int:
        """Number of members."""
        return len(self.heads)

    def check_weights(self, fingerprint: str, readout: Readout) -> None:
        """Refuse weights that the members were not fitted to.

        Raises:
            CheckpointError: Other weights, or a readout of another shape.
        """
        fits = (self.heads.shape[1:], self.shifts.shape[1:]) == (
            readout.head.shape,
            readout.species_shift.shape,
        )
        if self.fingerprint != fingerprint or not fits:
            raise CheckpointError(
                f"The committee belongs to the weights {self.fingerprint[:12]}, not to "
                f"{fingerprint[:12]}; fit it again with `python benchmarks/fit_committee.py`."
            )


@runtime_checkable
class HasMembers(Protocol):
    """A potential that may have a committee."""

    def telling_members(self) -> Potential:
        """The same potential, which gives a ``MemberPrediction``; itself without members."""
        ...


@dataclass(frozen=True)
class MemberPrediction(Prediction):
    """What a potential and its members say of a batch.

    Attributes:
        member_offsets: Energy of each structure by every member, less the energy, in eV.
    """

    member_offsets: Float[Tensor, "structures members"]


@dataclass(frozen=True)
class LinearParts:
    """What the last layer is multiplied with to give an energy, in double precision.

    Attributes:
        features: Sum over the atoms of their scalars, each times the spread of its element.
        counts: Number of atoms in each embedding row.
    """

    features: Float[Tensor, "structures width"]
    counts: Float[Tensor, "structures rows"]

    def energies(
        self, heads: Float[Tensor, "members width"], shifts: Float[Tensor, "members rows"]
    ) -> Float[Tensor, "structures members"]:
        """Energies in eV for several last layers."""
        energies: Tensor = self.features @ heads.T + self.counts @ shifts.T
        return energies


class LastLayer:
    """A network split before its last vector.

    Args:
        network: The whole network, which stays as it is.
    """

    def __init__(self, network: FacetNetwork) -> None:
        readout = network.readout
        self.head = readout.head.detach().double()
        self.origins = readout.species_shift.detach().double()
        if readout.has_global:
            self.origins = self.origins + readout.shift.detach().double()
        self._body = deepcopy(network)
        self._body.readout = _BeforeHead(self._body.readout)  # type: ignore[assignment]

    @torch.no_grad()
    def parts(self, batch: GraphBatch) -> LinearParts:
        """Evaluate the shared part of the network, without derivatives."""
        per_atom = self._body(batch.species, batch.edge_vectors, batch.edge_index)
        return self._parts_of(per_atom, batch)

    def evaluate(self, batch: GraphBatch, committee: Committee) -> MemberPrediction:
        """Evaluate the whole network with derivatives, and the members for a product more."""
        seen = []

        def atom_energies(species: Tensor, vectors: Tensor, edge_index: Tensor) -> Tensor:
            per_atom = self._body(species, vectors, edge_index)
            seen.append(per_atom.detach())
            energies: Tensor = (per_atom @ self.head.to(per_atom)).double()
            return energies + self.origins[self._body.species_row[species]]

        prediction = energy_forces_stress(atom_energies, batch)
        heads, shifts = self._differences(committee)
        offsets = self._parts_of(seen[0], batch).energies(heads, shifts)
        return MemberPrediction(**vars(prediction), member_offsets=offsets)

    def _parts_of(self, per_atom: Float[Tensor, "atoms width"], batch: GraphBatch) -> LinearParts:
        per_atom = per_atom.double()
        features = per_atom.new_zeros(batch.num_structures, per_atom.shape[1])
        counts = per_atom.new_zeros(batch.num_structures, len(self.origins))
        rows = self._body.species_row[batch.species]
        ones = per_atom.new_ones(len(rows))
        return LinearParts(
            features=features.index_add(0, batch.structure_index, per_atom),
            counts=counts.index_put((batch.structure_index, rows), ones, accumulate=True),
        )

    def energies(self, parts: LinearParts) -> Float[Tensor, " structures"]:
        """Energies in eV by the trained last layer."""
        return parts.energies(self.head[None], self.origins[None])[:, 0]

    def member_energies(
        self, batch: GraphBatch, committee: Committee
    ) -> Float[Tensor, "structures members"]:
        """Energies in eV by every member of a committee."""
        heads, shifts = self._differences(committee)
        return self.parts(batch).energies(self.head + heads, self.origins + shifts)

    def _differences(
        self, committee: Committee
    ) -> tuple[Float[Tensor, "members width"], Float[Tensor, "members rows"]]:
        """Bring what members add to the last layer to where that is."""
        return committee.heads.to(self.head), committee.shifts.to(self.origins)


class _BeforeHead(nn.Module):
    """A readout that stops before its last vector.

    Args:
        readout: The whole readout.
    """

    def __init__(self, readout: Readout) -> None:
        super().__init__()
        self.whole = readout

    def forward(
        self, scalars: Float[Tensor, "atoms channels"], species_rows: Int[Tensor, " atoms"]
    ) -> Float[Tensor, "atoms width"]:
        """Return what is multiplied with the last vector."""
        for weight in self.whole.hidden:
            scalars = scalars @ weight
        spread = self.whole.species_scale[species_rows]
        if self.whole.has_global:
            spread = self.whole.scale + spread
        return spread[:, None] * scalars
