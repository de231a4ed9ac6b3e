"""How much a rotation of the crystal moves the energy, by size of the spherical grid.

    python benchmarks/rotation_noise.py --potential facet-s [--data ../shared/data] [--crystals 100]

Held-out frames of all kinds are rotated at random; the figure of a crystal is the largest change
of its energy per atom. Prints a Markdown table and writes ``benchmarks/results/rotation.json``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from machine import revision
from scipy.spatial.transform import Rotation

from facet.checkpoint import load
from facet.facet_potential import FacetPotential, plain_network
from facet.graph.neighbors import Crystal, build_batch
from facet.parts import ParabolaActivation, SphereMixing
from facet.training.labels import read_shards
from facet.training.split import held_out

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTS = (50, 110, 170, 302, 590)
NUM_ROTATIONS = 8
RESULTS = Path(__file__).parent / "results" / "rotation.json"


def main() -> None:
    """Measure, print and store the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--crystals", type=int, default=100)
    given = parser.parse_args()
    torch.set_num_threads(1)
    potential = load(given.potential)
    crystals = list(islice(unseen(given.data / "labels", potential), given.crystals))
    mixing = potential.network.config.mixing
    if not isinstance(mixing, SphereMixing):
        raise SystemExit("The potential has no spherical grid: its rotations are exact.")
    rows = []
    print("| grid points | precision | median meV/atom | 95 % | largest |")
    print("|---|---|---|---|---|")
    for points, dtype in cases(mixing):
        other = on_grid(potential, replace(mixing, points=points), dtype)
        noise = np.array([noise_of(other, each) for each in crystals])
        median, most, largest = np.percentile(noise, [50, 95, 100])
        precision = str(dtype).removeprefix("torch.")
        row = {"points": points, "precision": precision, "median": median, "p95": most}
        rows.append({**row, "largest": largest})
        print(f"| {points} | {precision} | {median:.2g} | {most:.2g} | {largest:.2g} |", flush=True)
    document = {**revision(), "fingerprint": potential.fingerprint, "crystals": len(crystals)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**document, "rows": rows}, indent=1) + "\n")


def unseen(folder: Path, potential: FacetPotential) -> Iterator[Crystal]:
    """Crystals that the potential was not trained on, in a fixed random order."""
    frames = read_shards(sorted(folder.glob("labels-*.npz")))
    order = np.random.default_rng(7).permutation(np.flatnonzero(held_out(frames, potential.card)))
    return (each.crystal for each in frames.frames(order))


def cases(mixing: SphereMixing) -> Iterator[tuple[int, torch.dtype]]:
    """Every grid in double precision, and the shipped one as it runs."""
    smallest = 50 if isinstance(mixing.activation, ParabolaActivation) else 110
    for points in POINTS:
        if points >= smallest:
            yield points, torch.float64
    yield mixing.points, torch.float32


def on_grid(potential: FacetPotential, mixing: SphereMixing, dtype: torch.dtype) -> FacetPotential:
    """The same weights on another grid."""
    other = replace(potential.network.config, mixing=mixing)
    network = plain_network(other, potential.network.state_dict()).to(dtype)
    return FacetPotential(network, "", {})


def noise_of(potential: FacetPotential, crystal: Crystal) -> float:
    """Largest change of the energy by a random rotation, in meV/atom."""
    turns = [np.eye(3), *Rotation.random(NUM_ROTATIONS, random_state=0).as_matrix()]
    images = [
        Crystal(crystal.species, crystal.positions @ turn, crystal.cell @ turn) for turn in turns
    ]
    batch = build_batch(images, potential.cutoff, potential.dtype)
    with torch.no_grad():
        energy = potential.network(batch.species, batch.edge_vectors, batch.edge_index)
        per_atom = energy.view(len(turns), -1).mean(dim=1)
    return 1000 * float((per_atom[1:] - per_atom[0]).abs().max())


if __name__ == "__main__":
    main()
