"""The claims about the network as experiments: small trainings on the same labels, several seeds.

    python benchmarks/experiments.py run [--only compute parts sizes] [--data ../shared/data]
    python benchmarks/experiments.py table

``compute``: error against arithmetic of ``facet-s`` and of the shape of SevenNet-0, from scratch.
``parts``: radial weights (spline, MLP) x mixing (grid, gate), about as many parameters each.
``sizes``: the ``nequip`` configuration with lmax 0 to 3 at four sizes of the training set.

Every finished training is a line of ``benchmarks/results/experiments.jsonl``; what is there is not
run again, so that the trainings can be spread over days. ``table`` prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from census import Census
from machine import ROOT

from facet.config import (
    FACET_S,
    NEQUIP,
    SEVENNET_0,
    GateMixing,
    MlpRadial,
    ModelConfig,
    NoNorm,
    SplineBasis,
)
from facet.memory import keep_freed_memory
from facet.training.evaluate import Errors
from facet.training.loop import Trainer
from facet.training.replay import choose_batches
from facet.training.settings import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESULTS = ROOT / "benchmarks" / "results" / "experiments.jsonl"
SEEDS = (0, 1)
NUM_VALIDATION = 400
COMPUTE_GFLOP = (500.0, 1500.0)
"""Budgets of arithmetic, in Gflop of matrix products."""
PARTS_STEPS = 400
SIZES = (100, 300, 1000, 3000)
SIZES_STEPS = 300
ERRORS = tuple(each.name for each in fields(Errors))


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        experiment: Which claim it belongs to.
        name: Which side of it.
        model: Shape of the network.
        seed: Of weights and data order.
        num_steps: Steps; zero where ``gflop`` decides.
        batch_size: Frames per step.
        num_frames: Training frames; zero takes all.
        gflop: Arithmetic of all steps together, in Gflop; zero where ``num_steps`` decides.
    """

    experiment: str
    name: str
    model: ModelConfig
    seed: int
    num_steps: int = 0
    batch_size: int = 16
    num_frames: int = 0
    gflop: float = 0.0

    @property
    def key(self) -> str:
        """Name of the run among the results."""
        size = f"{self.num_frames}" if self.num_frames else f"{self.gflop:g}"
        return f"{self.experiment}/{self.name}/{size}/{self.seed}"


def compute_runs() -> Iterator[Run]:
    """Both shapes at the same budgets of arithmetic."""
    for seed in SEEDS:
        for gflop in COMPUTE_GFLOP:
            yield Run("compute", "facet-s", FACET_S, seed, gflop=gflop)
            yield Run("compute", "sevennet-0 shape", SEVENNET_0, seed, gflop=gflop, batch_size=4)


def parts_runs() -> Iterator[Run]:
    """Two radial parts x two mixings; widths chosen for about 114,000 parameters each."""
    spline = replace(FACET_S, basis=SplineBasis(8))
    mlp = replace(spline, radial=MlpRadial((32, 32)))
    gate = {"mixing": GateMixing(), "norm": NoNorm(), "message_power": 0.5}
    shapes = {
        "spline, grid": replace(spline, channels=(80, 24, 12)),
        "MLP, grid": replace(mlp, channels=(72, 20, 10)),
        "spline, gate": replace(spline, channels=(96, 32, 16), **gate),
        "MLP, gate": replace(mlp, channels=(88, 24, 12), **gate),
    }
    for seed in SEEDS:
        for name, model in shapes.items():
            yield Run("parts", name, model, seed, num_steps=PARTS_STEPS)


def sizes_runs() -> Iterator[Run]:
    """NequIP's composition at growing lmax and training set."""
    for seed in SEEDS:
        for lmax in range(4):
            model = replace(NEQUIP, channels=(16,) * (lmax + 1), num_layers=3)
            for size in SIZES:
                yield Run("sizes", f"lmax {lmax}", model, seed, SIZES_STEPS, 8, size)


EXPERIMENTS = {"compute": compute_runs, "parts": parts_runs, "sizes": sizes_runs}


def train(run: Run, shards: str) -> dict[str, Any]:
    """Train and measure; plain values for a line of the results."""
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(
            model=run.model,
            shards=shards,
            output=folder,
            batch_size=run.batch_size,
            num_steps=max(run.num_steps, 2),
            warmup_steps=1,
            decay_steps=1,
            learning_rate=3e-3,
            weight_decay=0.01,
            ema=0.99,
            seed=run.seed,
            evaluate_every=10**9,
            save_every=10**9,
        )
        trainer = _trainer(settings, run)
        gflop = _gflop_of_a_step(trainer)
        steps = run.num_steps or max(20, round(run.gflop / gflop))
        trainer.settings = replace(
            settings, num_steps=steps, warmup_steps=steps // 20, decay_steps=steps // 2
        )
        reports: list[dict[str, Any]] = []
        trainer.run(reports.append)
    errors = {key: reports[-1][key] for key in ERRORS}
    return {
        "key": run.key,
        "experiment": run.experiment,
        "name": run.name,
        "seed": run.seed,
        "num_steps": steps,
        "batch_size": run.batch_size,
        "parameters": trainer.state.network.count_parameters(),
        "gflop": round(steps * gflop, 1),
        "seconds": round(trainer.state.seconds, 1),
        **errors,
        "num_training_frames": len(trainer.training),
    }


def _trainer(settings: TrainSettings, run: Run) -> Trainer:
    """A trainer on the run's share of the frames."""
    trainer = Trainer(settings)
    if run.num_frames:
        order = np.random.default_rng(run.seed).permutation(trainer.training)
        trainer.training = np.sort(order[: run.num_frames])
        trainer.batches = choose_batches(
            trainer.frames, trainer.training, settings, trainer.config.cutoff
        )
    trainer.validation = trainer.validation[:NUM_VALIDATION]
    return trainer


def _gflop_of_a_step(trainer: Trainer) -> float:
    """Arithmetic of the matrix products of one step, the mean of a few that are taken back."""
    fresh = deepcopy(trainer.state)
    with Census() as census:
        for _ in range(4):
            trainer.step()
    trainer.state = fresh
    return census.flop / 4e9


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Means over seeds with their half range, as Markdown."""
    groups: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for line in lines:
        size = line["key"].split("/")[2]
        groups.setdefault((line["experiment"], line["name"], float(size)), []).append(line)
    rows = [
        "| experiment | network | frames, Gflop | parameters | steps | E meV/atom | F meV/Å | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (experiment, name, size), group in sorted(groups.items()):
        energy, force, seconds = (
            _spread([each[key] for each in group]) for key in ("energy_mae", "force_mae", "seconds")
        )
        first = group[0]
        rows.append(
            f"| {experiment} | {name} | {size:g} | {first['parameters']:,} | {first['num_steps']} "
            f"| {energy} | {force} | {seconds} |"
        )
    return "\n".join(rows)


def _spread(values: Sequence[float]) -> str:
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.0f} ± {half:.0f}" if len(values) > 1 else f"{values[0]:.0f}"


def main() -> None:
    """Run what is missing, or print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--only", nargs="+", choices=sorted(EXPERIMENTS), default=[*EXPERIMENTS])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    given = parser.parse_args()
    text = RESULTS.read_text() if RESULTS.is_file() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    if given.what == "table":
        print(table(lines))
        return
    torch.set_num_threads(1)
    keep_freed_memory()
    done = {line["key"] for line in lines}
    for experiment in given.only:
        for run in EXPERIMENTS[experiment]():
            if run.key not in done:
                line = train(run, str(given.data / "labels" / "labels-*.npz"))
                with RESULTS.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)


if __name__ == "__main__":
    main()
