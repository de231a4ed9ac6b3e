"""Errors of a potential: held-out teacher labels by kind of frame, and DFT files.

    python benchmarks/accuracy.py --data ../shared/data --potential facet-s [--limit 500]

The held-out frames are those of the split that the checkpoint's training card describes. Prints a
Markdown table and writes ``benchmarks/results/accuracy.json``. With ``--ship PATH`` it also writes
the checkpoint there, with the measured errors in its card.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.checkpoint import load, save_checkpoint
from facet.training.evaluate import measure
from facet.training.kinds import Kind
from facet.training.labels import read_shards
from facet.training.split import held_out
from facet.units import gpa_from_ev_per_cubic_angstrom
from workflows.frames import read_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from facet.facet_potential import FacetPotential
    from facet.training.labels import Frame

DFT_FILES = {
    "MPtrj, random 1k": ("mptrj-random-1k.xyz.xz", None),
    "MPtrj, highest stress 1k": ("mptrj-highest-stress-1k.xyz.xz", None),
    "mpf-TP, below 50 GPa": ("mpf-TP.xyz.xz", 50.0),
    "mpf-TP, all pressures": ("mpf-TP.xyz.xz", None),
}
RESULTS = Path(__file__).parent / "results" / "accuracy.json"


def main() -> None:
    """Measure, print and store the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--limit", type=int, default=None, help="frames per row")
    parser.add_argument("--ship", type=Path, default=None, help="checkpoint to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    potential = load(arguments.potential)
    sources = {
        **unseen(arguments.data / "labels", potential),
        **dft(arguments.data, potential),
    }
    rows = []
    print("| frames | number | E MAE meV/atom | E median | E bias | F meV/Å | stress GPa |")
    print("|---|---|---|---|---|---|---|")
    for name, frames in sources.items():
        errors = measure(potential, islice(frames(), arguments.limit))
        rows.append({"frames": name, **errors.to_dict()})
        print(
            f"| {name} | {errors.num_frames} | {errors.energy_mae:.1f} | "
            f"{errors.energy_median:.1f} | {errors.energy_bias:+.1f} | {errors.force_mae:.0f} | "
            f"{errors.stress_mae:.2f} |",
            flush=True,
        )
    RESULTS.parent.mkdir(exist_ok=True)
    document = {"fingerprint": potential.fingerprint, "limit": arguments.limit, "rows": rows}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.ship is not None:
        network = potential.network
        card = {**potential.card, "errors": document}
        save_checkpoint(
            arguments.ship,
            network.config,
            network.state_dict(),
            card,
            committee=potential.committee,
        )


def unseen(folder: Path, potential: FacetPotential) -> dict[str, Callable[[], Iterator[Frame]]]:
    """Validation frames of the training run, all together and by kind."""
    frames = read_shards(sorted(folder.glob("labels-*.npz")))
    chosen = np.random.default_rng(1).permutation(np.flatnonzero(held_out(frames, potential.card)))
    groups = {"held-out labels, all": chosen}
    for kind in Kind:
        of_kind = chosen[frames.kind[chosen] == kind]
        if len(of_kind):
            groups[f"held-out labels, {kind.description}"] = of_kind
    mild = np.isin(frames.kind[chosen], (Kind.RELAXED, Kind.RATTLED))
    groups["held-out labels, relaxed and rattled"] = chosen[mild]
    return {name: _of(frames.frames, indices) for name, indices in groups.items()}


def _of(
    frames: Callable[[np.ndarray], Iterator[Frame]], indices: np.ndarray
) -> Callable[[], Iterator[Frame]]:
    return lambda: frames(indices)


def dft(folder: Path, potential: FacetPotential) -> dict[str, Callable[[], Iterator[Frame]]]:
    """DFT frames of elements that the potential knows, by file and pressure."""

    def usable(path: Path, limit: float | None) -> Iterator[Frame]:
        for frame in read_frames([path]):
            pressure = gpa_from_ev_per_cubic_angstrom(-float(np.trace(frame.stress)) / 3)
            is_known = set(frame.crystal.species.tolist()) <= potential.species
            if is_known and (limit is None or pressure < limit):
                yield frame

    return {
        f"DFT, {name}": lambda path=folder / file, limit=limit: usable(path, limit)  # type: ignore[misc]
        for name, (file, limit) in DFT_FILES.items()
    }


if __name__ == "__main__":
    main()
