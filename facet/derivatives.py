"""From energies to forces and stress, by derivatives with respect to the edge vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.batch import GraphBatch


def energy_forces_stress(
    atom_energies: Callable[[Tensor, Tensor, Tensor], Tensor],
    batch: GraphBatch,
    *,
    create_graph: bool = False,
) -> Prediction:
    """Evaluate a network of edge vectors and differentiate it.

    With g_ij = dE/dr_ij for the edge vectors r_ij = r_j - r_i + S cell, the force on atom i is
    ``sum_j g_ij - sum_k g_ki`` and the stress is the symmetric part of
    ``(1 / V) sum_ij r_ij (x) g_ij``, the derivative by a strain of atoms and cell together.

    Args:
        atom_energies: Network from species, edge vectors and edge index to energies in eV.
        batch: The structures.
        create_graph: Keep the graph of the derivatives, so that a loss on them can be minimized.

    Returns:
        Energies in double precision; forces and stress in the precision of the batch.
    """
    with torch.enable_grad():
        vectors = batch.edge_vectors.detach().requires_grad_()
        per_atom = atom_energies(batch.species, vectors, batch.edge_index)
        (gradient,) = torch.autograd.grad(
            per_atom.sum(), vectors, create_graph=create_graph, materialize_grads=True
        )
    energy = per_atom.new_zeros(batch.num_structures).index_add(0, batch.structure_index, per_atom)
    return Prediction(
        energy=energy if create_graph else energy.detach(),
        forces=_forces(gradient, batch),
        stress=_stress(vectors.detach(), gradient, batch),
    )


def _forces(gradient: Tensor, batch: GraphBatch) -> Float[Tensor, "atoms 3"]:
    center, neighbor = batch.edge_index
    zero = gradient.new_zeros(batch.num_atoms, 3)
    return zero.index_add(0, center, gradient).index_add(0, neighbor, -gradient)


def _stress(
    vectors: Tensor, gradient: Tensor, batch: GraphBatch
) -> Float[Tensor, "structures 3 3"]:
    outer = vectors[:, :, None] * gradient[:, None, :]
    owner = batch.structure_index[batch.edge_index[0]]
    virial = gradient.new_zeros(batch.num_structures, 3, 3).index_add(0, owner, outer)
    return (virial + virial.mT) / (2 * batch.volumes[:, None, None])
