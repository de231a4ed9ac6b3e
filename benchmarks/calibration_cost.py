"""What the members of a committee cost: of one evaluation, and of whole relaxations."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.facet_potential import FacetPotential
from facet.graph.neighbors import build_batch
from facet.relaxation.relaxer import relax
from workflows.evaluation.discovery import FILE, read_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facet.graph.batch import GraphBatch
    from facet.graph.neighbors import Crystal

REPEATS = 7
CRYSTALS = 24


def seconds(potential: FacetPotential, crystals: Sequence[Crystal]) -> dict[str, float]:
    """Processor time of one batch: energies, those of all members, both with forces and stress."""
    batch = build_batch(list(crystals[:CRYSTALS]), potential.cutoff, potential.dtype)

    def energies(batch: GraphBatch) -> None:
        with torch.no_grad():
            potential.network(batch.species, batch.edge_vectors, batch.edge_index)

    calls: dict[str, Any] = {
        "energies": energies,
        "energies_of_members": potential.member_energies,
        "energies_forces_stress": potential,
        "the_same_with_members": potential.telling_members(),
    }
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS + 1):  # interleaved, so that a busy machine slows all alike
        for name, call in calls.items():
            started = time.process_time()
            call(batch)
            taken[name].append(time.process_time() - started)
    return {name: float(np.median(times[1:])) for name, times in taken.items()}


def of_relaxations(potential: FacetPotential, data: Path) -> dict[str, float]:
    """Processor time of the same relaxations with and without the committee.

    Args:
        potential: With a committee.
        data: Folder of the campaign file, whose first unrelaxed candidates are relaxed.
    """
    atoms = read_candidates(data / FILE)[: 4 * CRYSTALS]
    bare = FacetPotential(
        potential.network, potential.fingerprint, dict(potential.card), potential.golden
    )
    taken: dict[str, list[float]] = {"with_members": [], "without": []}
    for _ in range(REPEATS + 1):
        for name, each in (("with_members", potential), ("without", bare)):
            started = time.process_time()
            results = list(relax(atoms, each))
            taken[name].append(time.process_time() - started)
    medians = {name: float(np.median(times[1:])) for name, times in taken.items()}
    ratios = np.array(taken["with_members"][1:]) / np.array(taken["without"][1:])
    return {
        "num_crystals": len(results),
        **medians,
        "more_with_members": float(np.median(ratios)) - 1,
        "least": float(ratios.min()) - 1,
        "most": float(ratios.max()) - 1,
    }
