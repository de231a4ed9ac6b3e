"""SevenNet-0 with its radial MLPs replaced by linear maps: parameters, errors, speed.

    pip install --no-deps sevenn==0.13.0
    python benchmarks/sevennet_slim.py --data ../shared/data [--limit 200]

Every row is the published network in our code; nothing is refitted, only the radial functions are
fitted to those of the MLPs. Prints a Markdown table and writes
``benchmarks/results/sevennet-slim.json``.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.config import BesselBasis, SwitchEnvelope
from facet.facet_potential import FacetPotential
from facet.graph.neighbors import build_batch
from facet.interop.sevennet import import_sevennet
from facet.interop.slim import with_linear_radial, with_single_head
from facet.nn.network import FacetNetwork
from facet.training.evaluate import measure
from facet.training.labels import read_shards
from workflows.frames import read_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facet.config import ModelConfig
    from facet.training.labels import Frame

BASIS_SIZES = (8, 10, 12, 16)
ATOMS_PER_BATCH = 300
ROUNDS = 5
RESULTS = Path(__file__).parent / "results" / "sevennet-slim.json"


def main() -> None:
    """Measure, print and store the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=int, default=200, help="frames per comparison")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    models = variants()
    frames = near_rest(arguments.data / "labels", arguments.limit)
    dft = list(islice(read_frames([arguments.data / "mptrj-random-1k.xyz.xz"]), arguments.limit))
    original = models["original"]
    seconds = time_interleaved(models, frames)
    print("| model | parameters | dE meV/atom | dF meV/Å | DFT E MAE | DFT F | speed |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for name, potential in models.items():
        energy, force = differences(original, potential, frames)
        errors = measure(potential, dft)
        speed = median(a / b for a, b in zip(seconds["original"], seconds[name], strict=True))
        count = potential.network.count_parameters()
        row = {"model": name, "parameters": count, "energy_difference": energy}
        rows.append({**row, "force_difference": force, "dft": errors.to_dict(), "speed": speed})
        print(
            f"| {name} | {count:,} | {energy:.2f} | {force:.1f} | {errors.energy_mae:.1f} | "
            f"{errors.force_mae:.0f} | {speed:.2f} |",
            flush=True,
        )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"limit": arguments.limit, "rows": rows}, indent=1) + "\n")


def variants() -> dict[str, FacetPotential]:
    """The published network and its slimmed forms."""
    config, weights = import_sevennet()
    models = {"original": potential_of(config, weights)}
    for size in BASIS_SIZES:
        basis = None if size == config.basis.num_basis else _basis(size)
        slim = with_single_head(*with_linear_radial(config, weights, basis))
        models[f"linear, {size} Bessel functions, one head"] = potential_of(*slim)
    return models


def _basis(size: int) -> BesselBasis:
    return BesselBasis(size, SwitchEnvelope(4.5), has_trainable_frequencies=True)


def potential_of(config: ModelConfig, weights: dict[str, Tensor]) -> FacetPotential:
    """Potential of a config and its weights."""
    network = FacetNetwork(config)
    network.load_state_dict(weights)
    return FacetPotential(network, "", {})


def near_rest(folder: Path, limit: int) -> list[Frame]:
    """Relaxed and rattled frames; their labels are not used."""
    shard = read_shards(sorted(folder.glob("labels-*.npz"))[:1])
    return list(shard.frames(np.flatnonzero(shard.kind <= 1)[:limit]))


def differences(
    first: FacetPotential, second: FacetPotential, frames: Sequence[Frame]
) -> tuple[float, float]:
    """Mean differences of energy (meV/atom) and force vectors (meV/angstrom)."""
    energy, force = [], []
    for frame in frames:
        batch = build_batch([frame.crystal], first.cutoff, first.dtype)
        one, two = first(batch), second(batch)
        energy.append(float((one.energy - two.energy).abs()) / batch.num_atoms)
        force.append((one.forces - two.forces).norm(dim=1).numpy())
    return 1000 * float(np.mean(energy)), 1000 * float(np.concatenate(force).mean())


def time_interleaved(
    models: dict[str, FacetPotential], frames: Sequence[Frame]
) -> dict[str, list[float]]:
    """Seconds of energy, forces and stress of one batch, in turns after a warm-up."""
    sizes = np.cumsum([len(frame.forces) for frame in frames])
    crystals = [frame.crystal for frame in frames[: int((sizes < ATOMS_PER_BATCH).sum()) + 1]]
    batch = build_batch(crystals, 5.0, torch.float32)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(ROUNDS + 1):
        for name, potential in models.items():
            started = perf_counter()
            potential(batch)
            if turn > 0:
                seconds[name].append(perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
