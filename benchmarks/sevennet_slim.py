"""SevenNet-0 with its radial MLPs replaced by linear maps: parameters, errors, speed.

    pip install --no-deps sevenn==0.13.0
    python benchmarks/sevennet_slim.py --data ../shared/data [--limit 200]

Every row is the published network in our code. Nothing is trained: the fit sees nine fixed crystals
and none of the frames. Prints two Markdown tables, the difference to the original and the errors
against DFT, and writes ``benchmarks/results/sevennet-slim.json``.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accuracy import dft
from machine import hardware, revision

from facet.facet_potential import FacetPotential
from facet.graph.neighbors import build_batch
from facet.interop.sevennet import import_sevennet
from facet.interop.slim import (
    merged,
    with_fitted_radial,
    with_linear_radial,
    with_single_head,
)
from facet.nn.network import FacetNetwork
from facet.parts import CombinedSplineBasis
from facet.training.evaluate import measure
from facet.training.kinds import Kind
from facet.training.labels import read_shards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facet.config import ModelConfig
    from facet.training.labels import Frame

FITTED_SIZES = (10, 12, 14, 16)
ATOMS_PER_BATCH = 300
ROUNDS = 9
RESULTS = Path(__file__).parent / "results" / "sevennet-slim.json"


def main() -> None:
    """Measure, print and store the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=int, default=None, help="frames of each comparison")
    parser.add_argument("--source", type=Path, default=None, help="SevenNet-0's own checkpoint")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    models = variants(arguments.source)
    mild, strong = frames_of(arguments.data / "labels", arguments.limit or 300)
    seconds = time_interleaved(models, mild)
    rows = [
        {
            "model": name,
            "parameters": potential.network.count_parameters(),
            "relaxed_and_rattled": differences(models["original"], potential, mild),
            "all_kinds": differences(models["original"], potential, strong),
            "speed": ratios(seconds["original"], seconds[name]),
        }
        for name, potential in models.items()
    ]
    print_differences(rows)
    errors = dft_errors(models, arguments.data, arguments.limit)
    RESULTS.parent.mkdir(exist_ok=True)
    document = {"limit": arguments.limit, "hardware": hardware(), **revision()}
    text = json.dumps({**document, "rows": rows, "dft": errors}, indent=1)
    RESULTS.write_text(text + "\n")


def variants(source: Path | None) -> dict[str, FacetPotential]:
    """The published network and its slimmed forms."""
    config, weights = import_sevennet(source)
    own = with_single_head(*with_linear_radial(config, weights))
    models = {
        "original": potential_of(config, weights),
        "merged only": potential_of(*merged(config, weights)),
        "its own 8 functions": potential_of(*own),
    }
    for size in FITTED_SIZES:
        slim = with_fitted_radial(config, weights, CombinedSplineBasis(size))
        models[f"{size} fitted functions, merged"] = potential_of(*merged(*slim))
    return models


def potential_of(config: ModelConfig, weights: dict[str, Tensor]) -> FacetPotential:
    """Potential of a config and its weights."""
    network = FacetNetwork(config)
    network.load_state_dict(weights)
    return FacetPotential(network, "", {})


def frames_of(folder: Path, limit: int) -> tuple[list[Frame], list[Frame]]:
    """Relaxed and rattled frames, and frames of all kinds; their labels are not used."""
    frames = read_shards(sorted(folder.glob("labels-*.npz")))
    order = np.random.default_rng(0).permutation(len(frames))
    mild = order[np.isin(frames.kind[order], (Kind.RELAXED, Kind.RATTLED))]
    return list(frames.frames(mild[:limit])), list(frames.frames(order[:limit]))


def differences(
    first: FacetPotential, second: FacetPotential, frames: Sequence[Frame]
) -> dict[str, float]:
    """Mean differences of energy (meV/atom) and of force vectors (meV/angstrom)."""
    energy, force = [], []
    for frame in frames:
        batch = build_batch([frame.crystal], first.cutoff, first.dtype)
        one, two = first(batch), second(batch)
        energy.append(float((one.energy - two.energy).abs()) / batch.num_atoms)
        force.append((one.forces - two.forces).norm(dim=1).numpy())
    return {
        "energy": round(1000 * float(np.mean(energy)), 3),
        "force": round(1000 * float(np.concatenate(force).mean()), 3),
    }


def time_interleaved(
    models: dict[str, FacetPotential], frames: Sequence[Frame]
) -> dict[str, list[float]]:
    """Processor seconds of energy, forces and stress of one batch, in turns after a warm-up."""
    sizes = np.cumsum([len(frame.forces) for frame in frames])
    crystals = [frame.crystal for frame in frames[: int((sizes < ATOMS_PER_BATCH).sum()) + 1]]
    batch = build_batch(crystals, 5.0, torch.float32)
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(ROUNDS + 1):
        for name, potential in models.items():
            started = process_time()
            potential(batch)
            if turn > 0:
                seconds[name].append(process_time() - started)
    return seconds


def ratios(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Median and quartiles of the ratio of seconds, round by round."""
    each = [a / b for a, b in zip(first, second, strict=True)]
    lower, _, upper = quantiles(each, n=4)
    return [round(value, 3) for value in (median(each), lower, upper)]


def print_differences(rows: Sequence[dict[str, Any]]) -> None:
    """Print the first table."""
    original = rows[0]["parameters"]
    print("| model | parameters | near rest | all kinds | speed |")
    print("|---|---|---|---|---|")
    for row in rows:
        share = 100 * (row["parameters"] / original - 1)
        mild, strong = row["relaxed_and_rattled"], row["all_kinds"]
        print(
            f"| {row['model']} | {row['parameters']:,} ({share:+.1f} %) | "
            f"{mild['energy']:.2f}, {mild['force']:.1f} | "
            f"{strong['energy']:.2f}, {strong['force']:.1f} | {row['speed'][0]:.2f} |"
        )
    print("\nMean difference to the original in meV/atom and meV/Å; speed over the original's.\n")


def dft_errors(
    models: dict[str, FacetPotential], folder: Path, limit: int | None
) -> list[dict[str, Any]]:
    """Measure and print the second table."""
    rows = []
    print("| DFT frames | model | energy meV/atom | forces meV/Å | stress GPa |")
    print("|---|---|---|---|---|")
    for source, frames in dft(folder, models["original"]).items():
        if source.endswith("all pressures"):
            continue
        chosen = list(islice(frames(), limit))
        original = None
        for name, potential in models.items():
            errors = measure(potential, chosen)
            original = original or errors
            rows.append({"frames": source, "model": name, **errors.to_dict()})
            cells = [
                f"{getattr(errors, key):.{digits}f} "
                f"({100 * (getattr(errors, key) / getattr(original, key) - 1):+.1f} %)"
                for key, digits in (("energy_mae", 1), ("force_mae", 0), ("stress_mae", 2))
            ]
            print(f"| {source} | {name} | {' | '.join(cells)} |", flush=True)
    return rows


if __name__ == "__main__":
    main()
