"""The potentials that are timed, each loaded in the process of its own environment.

Facet, MACE and SevenNet take our neighbor lists. MatterSim needs triplets as well and makes its
graph by its own code. Graphs are built outside the timed call for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from facet.derivatives import energy_forces_stress
from facet.graph.neighbors import build_batch
from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facet.graph.batch import GraphBatch
    from facet.graph.neighbors import Crystal

DTYPE = torch.float32


@dataclass(frozen=True)
class Model:
    """A potential ready to be timed.

    Attributes:
        graph: Makes what ``evaluate`` takes, neighbor lists included.
        evaluate: Energies, forces and stresses.
        step: One training step: the same, a loss of all three, its gradient, AdamW; None where
            training is not timed.
        num_edges: Directed edges of a graph.
        cutoff: In angstrom.
        parameters: Trained numbers.
        package: Distribution whose version is reported beside torch and e3nn.
    """

    graph: Callable[[Sequence[Crystal]], Any]
    evaluate: Callable[[Any], Prediction]
    step: Callable[[Any], None] | None
    num_edges: Callable[[Any], int]
    cutoff: float
    parameters: int
    package: str


def load_model(name: str, device: str, weights: Path | None) -> Model:
    """Load a potential in single precision.

    Args:
        name: A key of ``LOADERS``.
        device: Where it runs.
        weights: Its file, where the package does not hold it.
    """
    return LOADERS[name](device, weights)


def _facet(device: str, weights: Path | None) -> Model:
    from facet import load

    potential = load(weights or "facet-s", dtype=DTYPE, device=device)
    network = potential.network

    def predict(batch: GraphBatch) -> Prediction:
        return energy_forces_stress(network, batch, create_graph=True)

    step = _training_step(network, predict)
    return _on_our_graphs(potential, network, potential.cutoff, "facet", step)


def _mace(device: str, weights: Path | None) -> Model:
    from facet.interop.mace import load_mace

    if weights is None:
        raise FileNotFoundError("MACE needs its weights; run `make mace`.")
    potential = load_mace(weights, dtype=DTYPE, device=device)
    return _on_our_graphs(potential, potential.model, potential.cutoff, "mace-torch")


def _on_our_graphs(
    evaluate: Callable[[GraphBatch], Prediction],
    network: torch.nn.Module,
    cutoff: float,
    package: str,
    step: Callable[[GraphBatch], None] | None = None,
) -> Model:
    device = next(network.parameters()).device
    return Model(
        graph=partial(build_batch, cutoff=cutoff, dtype=DTYPE, device=device),
        evaluate=evaluate,
        step=step,
        num_edges=lambda batch: int(batch.num_edges),
        cutoff=cutoff,
        parameters=sum(each.numel() for each in network.parameters()),
        package=package,
    )


def _sevennet(device: str, weights: Path | None) -> Model:
    from sevenn.util import load_checkpoint

    checkpoint = load_checkpoint(str(weights or "7net-0"))
    network = checkpoint.build_model().to(device).eval()
    network.set_is_batch_data(True)

    def predict(batch: GraphBatch) -> Prediction:
        out = network(
            {
                "atomic_numbers": batch.species,
                "x": batch.species,
                "edge_index": batch.edge_index,
                "edge_vec": batch.edge_vectors.detach(),
                "cell_volume": batch.volumes,
                "num_atoms": batch.atoms_per_structure,
                "batch": batch.structure_index,
            }
        )
        voigt = -out["inferred_stress"][:, [0, 3, 5, 3, 1, 4, 5, 4, 2]]
        return Prediction(out["inferred_total_energy"], out["inferred_force"], voigt.view(-1, 3, 3))

    def evaluate(batch: GraphBatch) -> Prediction:
        said = predict(batch)
        return Prediction(said.energy.detach(), said.forces.detach(), said.stress.detach())

    step = _training_step(network, predict)
    cutoff = float(checkpoint.config["cutoff"])
    return _on_our_graphs(evaluate, network, cutoff, "sevenn", step)


def _training_step(
    network: torch.nn.Module, predict: Callable[[GraphBatch], Prediction]
) -> Callable[[GraphBatch], None]:
    """Loss of energy, forces and stress against zero, its gradient, and an update of size zero."""
    state: dict[str, torch.optim.Optimizer] = {}

    def step(batch: GraphBatch) -> None:
        if not state:
            network.requires_grad_(requires_grad=True).train()
            state["adamw"] = torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=0.0)
        said = predict(batch)
        energy = (said.energy / batch.atoms_per_structure).abs().mean()
        loss = energy + said.forces.norm(dim=-1).mean() + said.stress.abs().mean()
        loss.backward()
        state["adamw"].step()
        state["adamw"].zero_grad()

    return step


def _mattersim(device: str, weights: Path | None) -> Model:
    from ase import Atoms
    from ase.units import GPa
    from mattersim.datasets.utils.convertor import GraphConvertor  # codespell:ignore convertor
    from mattersim.forcefield.potential import Potential, batch_to_dict
    from torch_geometric.data import Batch

    potential = Potential.from_checkpoint(str(weights), device=device, load_training_state=False)
    shape = potential.model.model_args
    converter = GraphConvertor(
        "m3gnet", shape["cutoff"], has_threebody=True, threebody_cutoff=shape["threebody_cutoff"]
    )

    def graph(crystals: Sequence[Crystal]) -> dict[str, Any]:
        atoms = [Atoms(each.species, each.positions, cell=each.cell, pbc=True) for each in crystals]
        joined = Batch.from_data_list([converter.convert(each) for each in atoms])
        made: dict[str, Any] = batch_to_dict(joined, device=device)
        return made

    def evaluate(made: dict[str, Any]) -> Prediction:
        # It writes into what it is given.
        out = potential.forward({**made, "atom_pos": made["atom_pos"].detach()})
        energy, forces = out["total_energy"].detach(), out["forces"].detach()
        return Prediction(energy, forces, out["stresses"].detach() * GPa)

    return Model(
        graph=graph,
        evaluate=evaluate,
        step=None,
        num_edges=lambda made: int(made["total_num_bonds"]),
        cutoff=float(shape["cutoff"]),
        parameters=sum(each.numel() for each in potential.model.parameters()),
        package="mattersim",
    )


LOADERS = {"facet": _facet, "mace": _mace, "sevennet": _sevennet, "mattersim": _mattersim}
