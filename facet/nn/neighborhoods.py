"""Neighbors of every atom as dense blocks, so that sums over neighbors are matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from e3nn import o3

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from facet.nn.radial import RadialBasis

GROUP_SIZE = 64
"""Atoms per block: small enough for the cache, large enough that launching costs little."""


class Layout(NamedTuple):
    """An order of atoms by number of neighbors, cut into groups padded to their largest count.

    Attributes:
        order: Atoms sorted by number of neighbors.
        rank: Place of each atom in that order.
        slots: For each group, the edge in every slot; ``num_edges`` marks an empty slot.
        neighbors: For each group, the rank of the neighbor in every slot; empty slots name atom 0.
    """

    order: Int[Tensor, " atoms"]
    rank: Int[Tensor, " atoms"]
    slots: tuple[Int[Tensor, "group slots"], ...]
    neighbors: tuple[Int[Tensor, "group slots"], ...]


class EdgeBlock(NamedTuple):
    """Radial and angular functions of the edges of one group.

    Attributes:
        radial: Every basis function.
        harmonics: Spherical harmonics, degree by degree.
        neighbors: Rank of the neighbor in every slot.
    """

    radial: Float[Tensor, "group slots basis"]
    harmonics: tuple[Float[Tensor, "group slots components"], ...]
    neighbors: Int[Tensor, "group slots"]


class DensityBlock(NamedTuple):
    """Products of radial and angular functions of the edges of one group.

    Attributes:
        density: Products of every basis function and harmonic, the harmonic running fastest.
        radial: Every basis function.
        harmonics: Spherical harmonics, degree by degree.
        neighbors: Rank of the neighbor in every slot.
    """

    density: Float[Tensor, "group slots basis_times_components"]
    radial: Float[Tensor, "group slots basis"]
    harmonics: tuple[Float[Tensor, "group slots components"], ...]
    neighbors: Int[Tensor, "group slots"]


def arrange(edge_index: Int[Tensor, "2 edges"], num_atoms: int) -> Layout:
    """Sort atoms by number of neighbors and lay out their edges in dense groups.

    Args:
        edge_index: Centers and neighbors, sorted by center.
        num_atoms: Number of atoms.
    """
    center, neighbor = edge_index
    degree = torch.bincount(center, minlength=num_atoms)
    first = torch.cumsum(degree, 0) - degree
    order = torch.argsort(degree, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(num_atoms, device=order.device)
    padded_rank = torch.cat((rank[neighbor], rank.new_zeros(1)))
    slots = tuple(
        _slots(first[group], degree[group], center.numel()) for group in order.split(GROUP_SIZE)
    )
    return Layout(order, rank, slots, tuple(padded_rank[each] for each in slots))


def _slots(first: Tensor, degree: Tensor, empty: int) -> Tensor:
    """Edge numbers of a group of atoms, one row an atom, filled up with ``empty``."""
    columns = torch.arange(max(1, int(degree.max())), device=first.device)
    return torch.where(columns < degree[:, None], first[:, None] + columns, empty)


def edge_blocks(
    edge_vectors: Float[Tensor, "edges 3"],
    layout: Layout,
    basis: RadialBasis,
    lmax: int,
) -> tuple[EdgeBlock, ...]:
    """Evaluate basis functions and spherical harmonics of every edge, group by group.

    Args:
        edge_vectors: Vectors from center to neighbor in angstrom.
        layout: Where each edge goes.
        basis: Radial functions; zero beyond the cutoff, and so in empty slots.
        lmax: Highest degree of the harmonics.
    """
    beyond = edge_vectors.new_zeros(1, 3) + 2 * basis.cutoff.detach()
    padded = torch.cat((edge_vectors, beyond))
    blocks = []
    for slots, neighbors in zip(layout.slots, layout.neighbors, strict=True):
        vectors = padded[slots]
        harmonics = _harmonics(lmax, vectors)
        blocks.append(EdgeBlock(basis(vectors.norm(dim=-1)), harmonics, neighbors))
    return tuple(blocks)


def density_block(block: EdgeBlock) -> DensityBlock:
    """Multiply every basis function with every harmonic, once for all layers."""
    harmonics = torch.cat(block.harmonics, dim=-1)
    density = (block.radial.unsqueeze(-1) * harmonics.unsqueeze(-2)).flatten(-2)
    return DensityBlock(density, block.radial, block.harmonics, block.neighbors)


def _harmonics(lmax: int, vectors: Tensor) -> tuple[Tensor, ...]:
    """Component-normalized harmonics, degree by degree."""
    values: Tensor = o3.spherical_harmonics(
        list(range(lmax + 1)), vectors, normalize=True, normalization="component"
    )
    parts: tuple[Tensor, ...] = values.split([2 * k + 1 for k in range(lmax + 1)], dim=-1)
    return parts
