"""Fit a committee of last layers to a checkpoint and write it into the file.

    python benchmarks/fit_committee.py --potential PATH [--out PATH] [--num-frames 15000]

Members are refitted to training frames; the ridge is chosen on the validation frames of the same
split, by the likelihood of their errors given the spread. No campaign or DFT file is read. Takes
about a minute on one core. The weights, and with them the fingerprint, stay what they are.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.checkpoint import load, read_checkpoint, resolve, save_checkpoint
from facet.errors import DataError, FacetError
from facet.memory import keep_freed_memory
from facet.training.committee import NUM_MEMBERS, committee_of, fit_members, tabulate
from facet.training.labels import read_shards
from facet.training.sources import matching
from facet.training.split import held_out
from screening.calibration import cross_fit, fit_calibration
from screening.reliability import HEAVY_TAILED, negative_log_likelihood

if TYPE_CHECKING:
    from facet.facet_potential import FacetPotential
    from facet.training.committee import Regression
    from facet.training.labels import FrameSet

RIDGES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
MOST_VALIDATION_FRAMES = 5000


def main() -> None:
    """Fit, choose, write, and say what was found."""
    arguments = parse_arguments()
    torch.set_num_threads(1)
    keep_freed_memory()
    started = time.perf_counter()
    path = resolve(arguments.potential)
    potential = load(path)
    frames = read_shards(matching(arguments.shards))
    training, validation = divided(frames, potential, arguments.num_frames, arguments.seed)
    table = tabulate(potential, frames.frames(training))
    unseen = tabulate(potential, frames.frames(validation))
    print("| ridge | median spread meV/atom | NLL of validation errors |\n|---|---|---|")
    trials = [trial(table, unseen, ridge, arguments) for ridge in RIDGES]
    best = min(trials, key=lambda each: float(each[1]["validation_nll"]))
    card = {
        **best[1],
        "num_frames": len(training),
        "num_validation_frames": len(validation),
        "data_sha256": frames.digest(),
        "seed": arguments.seed,
    }
    committee = committee_of(best[0], table.width, potential.fingerprint, card)
    config, weights, own_card = read_checkpoint(path)
    save_checkpoint(arguments.out or path, config, weights, own_card, committee)
    print(
        f"{committee.num_members} members with ridge {card['ridge']:g} written to "
        f"{arguments.out or path} after {time.perf_counter() - started:.0f} s"
    )


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--potential", default="facet-s", help="bundled name or checkpoint")
    parser.add_argument("--out", type=Path, default=None, help="file to write; else the same")
    parser.add_argument("--shards", default="../shared/data/labels/labels-*.npz")
    parser.add_argument("--num-frames", type=int, default=15_000, help="training frames to use")
    parser.add_argument("--num-members", type=int, default=NUM_MEMBERS)
    parser.add_argument("--seed", type=int, default=0, help="decides frames and resamples")
    return parser.parse_args()


def divided(
    frames: FrameSet, potential: FacetPotential, num_frames: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw training and validation frames by the split of the run that made the weights.

    Small frames come first, so that batches hold frames of about one size.

    Raises:
        DataError: The run kept no frames for validation.
    """
    mask = held_out(frames, potential.card)
    if not mask.any():
        raise DataError(
            "The run that made these weights kept no frames for validation, so that nothing is "
            "left to choose the ridge on; train with a validation_fraction above zero."
        )
    rng = np.random.default_rng(seed)
    drawn = (
        rng.permutation(np.flatnonzero(~mask))[:num_frames],
        rng.permutation(np.flatnonzero(mask))[:MOST_VALIDATION_FRAMES],
    )
    first, second = (each[np.argsort(frames.n[each], kind="stable")] for each in drawn)
    return first, second


def trial(
    table: Regression, unseen: Regression, ridge: float, arguments: argparse.Namespace
) -> tuple[np.ndarray, dict[str, Any]]:
    """Fit members with one ridge and measure what their spread is worth on validation frames."""
    members = fit_members(table, ridge, arguments.num_members, arguments.seed)
    spreads = unseen.spreads(members)
    fitted = cross_fit(
        unseen.errors,
        spreads,
        [str(each) for each in unseen.formulas],
        fit=partial(fit_calibration, freedom=HEAVY_TAILED),
    )
    loss = negative_log_likelihood(unseen.errors, fitted.scales, HEAVY_TAILED)
    spread = 1000 * float(np.median(spreads))
    print(f"| {ridge:g} | {spread:.2f} | {loss:.4f} |", flush=True)
    return members, {"ridge": ridge, "validation_nll": loss, "validation_spread": spread / 1000}


if __name__ == "__main__":
    try:
        main()
    except FacetError as error:
        raise SystemExit(str(error)) from error
