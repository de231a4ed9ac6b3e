"""The claims about the network as experiments: small trainings on the same labels, several seeds.

    python benchmarks/experiments.py run [--only compute parts ...] [--data ../shared/data]
    python benchmarks/experiments.py table

``compute``: error against arithmetic of ``facet-s`` and of the shape of SevenNet-0, from scratch.
``compute-alloys``: the same on a subset that both come nearer to learning.
``parts``: radial weights (spline, MLP) x mixing (grid, gate), about as many parameters each.
``sizes``: the ``nequip`` configuration with lmax 0 to 3 at four sizes of the training set.
``levers``: one change at a time to the shape or the training of ``facet-s``.

Every finished training is a line of ``benchmarks/results/experiments.jsonl``; what is there is not
run again, so that the trainings can be spread over days. ``table`` prints Markdown. Lines whose
experiment begins with ``early`` were made by another protocol: they are kept and not printed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from experiment_runs import EXPERIMENTS
from experiment_tables import tables
from experiment_training import train
from machine import ROOT

from facet.memory import keep_freed_memory

RESULTS = ROOT / "benchmarks" / "results" / "experiments.jsonl"


def main() -> None:
    """Run what is missing, or print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--only", nargs="+", choices=sorted(EXPERIMENTS), default=[*EXPERIMENTS])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    given = parser.parse_args()
    text = RESULTS.read_text() if RESULTS.is_file() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    if given.what == "table":
        print(tables(lines))
        return
    torch.set_num_threads(1)
    keep_freed_memory()
    done = {line["key"] for line in lines}
    for experiment in given.only:
        for run in EXPERIMENTS[experiment]():
            if run.key not in done:
                for line in train(run, str(given.data / "labels" / "labels-*.npz")):
                    with RESULTS.open("a") as file:
                        file.write(json.dumps(line) + "\n")
                    print(line, flush=True)


if __name__ == "__main__":
    main()
