"""Errors of one potential against DFT files, and its size, as one line of JSON.

Run in the environment of the potential; ``versus_mace.py`` does. Frames are drawn at random, the
same for every potential that knows the same elements.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet import load
from facet.interop.mace import load_mace
from facet.training.evaluate import measure
from facet.units import gpa_from_ev_per_cubic_angstrom
from workflows.frames import read_frames
from workflows.lines import Replies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facet.potential import Potential
    from facet.training.labels import Frame

DFT_FILES = {
    "MPtrj, random": ("mptrj-random-1k.xyz.xz", None),
    "MPtrj, highest stress": ("mptrj-highest-stress-1k.xyz.xz", None),
    "mpf-TP, below 50 GPa": ("mpf-TP.xyz.xz", 50.0),
}
SEED = 20261


def main() -> None:
    """Load the potential, measure its errors and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=("facet", "mace"))
    parser.add_argument("weights")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    replies = Replies()
    torch.set_num_threads(1)
    loader = load if given.model == "facet" else load_mace
    potential = loader(given.weights, dtype=torch.float32, device=given.device)
    rows = []
    for name, (file, highest) in DFT_FILES.items():
        frames = drawn(given.data / file, highest, given.limit, potential)
        rows.append({"frames": name, **measure(potential, iter(frames)).to_dict()})
    about = {"fingerprint": potential.fingerprint, "parameters": num_parameters(potential)}
    replies.say({**about, "rows": rows})


def drawn(path: Path, highest: float | None, limit: int, potential: Potential) -> list[Frame]:
    """Draw frames below a pressure in GPa whose elements the potential knows."""
    usable = list(usable_frames(path, highest, potential))
    chosen = np.random.default_rng(SEED).permutation(len(usable))[:limit]
    return [usable[index] for index in sorted(chosen)]


def usable_frames(path: Path, highest: float | None, potential: Potential) -> Iterator[Frame]:
    """Yield frames below a pressure in GPa whose elements the potential knows."""
    for frame in read_frames([path]):
        pressure = gpa_from_ev_per_cubic_angstrom(-float(np.trace(frame.stress)) / 3)
        is_known = set(frame.crystal.species.tolist()) <= potential.species
        if is_known and (highest is None or pressure < highest):
            yield frame


def num_parameters(potential: Any) -> int:  # noqa: ANN401 (two classes that share no name for it)
    """Numbers that were trained."""
    network = potential.model if hasattr(potential, "model") else potential.network
    return sum(each.numel() for each in network.parameters())


if __name__ == "__main__":
    main()
