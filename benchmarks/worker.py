"""One potential in one process: takes requests as JSON lines, answers each with one JSON line.

``prepare`` builds the graphs of a case and warms up, ``measure`` times one portion. Nothing runs
between requests, so that several workers can wait while one is measured.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import sys
import time
from contextlib import suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import torch
from models import LOADERS, Model, load_model
from workloads import checksum_of, count_atoms, cut, slices_of

from facet.memory import keep_freed_memory
from workflows.lines import Replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from facet.graph.neighbors import Crystal

T = TypeVar("T")

SAMPLE_SECONDS = 0.25
"""A timed sample repeats its work until it lasts about this long."""

WARMUP_CALLS = 3
TRIAL_ATOMS = 512
"""Atoms on which sizes of a batch are compared, or more where a size is larger."""

MEBIBYTE = 2**20


class Worker:
    """A loaded potential and the case that it is being timed on.

    Args:
        model: The potential.
        device: Where it runs, ``cpu`` or ``cuda``.
        pool: File of crystals; None takes generated ones.
        is_training: Time a training step instead of an evaluation.
    """

    def __init__(
        self, model: Model, device: str, pool: Path | None, *, is_training: bool = False
    ) -> None:
        if is_training and model.step is None:
            raise ValueError("the training of this potential is not timed here")
        self.model = model
        self.work = model.step if is_training and model.step else model.evaluate
        self.is_cuda = device == "cuda"
        self.pool = pool
        self.graphs: list[list[Any]] = []
        self.repeats: list[int] = []

    def prepare(self, case: str, num_slices: int, batch_atoms: list[int]) -> dict[str, Any]:
        """Build the graphs of a case, warm up, and say what was built.

        Args:
            case: Which crystals.
            num_slices: Portions that ``measure`` takes one at a time.
            batch_atoms: Sizes of a batch to choose from: each potential runs at its own best.
        """
        self.graphs = []
        slices = slices_of(case, self.pool, num_slices)
        energy_per_atom = self._warm_up(slices[0][:1])
        trials = self._try_sizes(slices[0], batch_atoms)
        size = min(trials, key=lambda each: trials[each])
        self._reset_peak()
        batches = [cut(each, size) for each in slices]
        list_seconds, self.graphs = self._timed(
            lambda: [[self.model.graph(batch) for batch in each] for each in batches]
        )
        guess = [trials[size] * count_atoms(each) for each in slices]
        self.repeats = [max(1, round(SAMPLE_SECONDS / each)) for each in guess]
        crystals = [each for portion in slices for each in portion]
        return {
            "crystals": checksum_of(crystals),
            "num_crystals": len(crystals),
            "num_atoms": count_atoms(crystals),
            "num_slices": len(slices),
            "num_edges": sum(self.model.num_edges(graph) for each in self.graphs for graph in each),
            "batch_atoms": max(count_atoms(batch) for each in batches for batch in each),
            "trials": trials,
            "list_seconds": list_seconds,
            "energy_per_atom": energy_per_atom,
        }

    def measure(self, portion: int) -> dict[str, Any]:
        """Time one slice: seconds for all its batches, averaged over the repeats of this sample.

        A GPU's memory is handed back between turns, because the other potentials share it; calls
        that are not timed take it anew.
        """
        repeats = self.repeats[portion]
        if self.is_cuda:
            self._run(portion, 1)
        seconds, _ = self._timed(partial(self._run, portion, repeats))
        self._release()
        return {"seconds": seconds / repeats}

    def _run(self, portion: int, repeats: int) -> None:
        for _ in range(repeats):
            self._evaluate(self.graphs[portion])

    def _evaluate(self, graphs: list[Any]) -> None:
        for graph in graphs:
            self.work(graph)

    def _warm_up(self, crystals: list[Crystal]) -> float:
        """Call a few times; return the energy in eV per atom, to compare potentials by."""
        graph = self.model.graph(crystals)
        for _ in range(WARMUP_CALLS):
            prediction = self.model.evaluate(graph)
        return float(prediction.energy.double().sum()) / count_atoms(crystals)

    def _try_sizes(self, crystals: list[Crystal], batch_atoms: list[int]) -> dict[int, float]:
        """Seconds per atom by size of a batch, on a few crystals."""
        some = cut(crystals, max(TRIAL_ATOMS, *batch_atoms))[0]
        trials = {}
        for size in batch_atoms if len(some) > 1 else batch_atoms[:1]:
            graphs = [self.model.graph(batch) for batch in cut(some, size)]
            self.work(graphs[0])
            seconds, _ = self._timed(partial(self._evaluate, graphs))
            trials[size] = seconds / count_atoms(some)
            self._release()
        return trials

    def memory(self) -> dict[str, Any]:
        """Peak memory in MiB since the batches were chosen: of a GPU, or else of the process."""
        if self.is_cuda:
            return {"peak_mib": torch.cuda.max_memory_allocated() / MEBIBYTE}
        return {"peak_mib": _peak_resident() / MEBIBYTE}

    def _timed(self, call: Callable[[], T]) -> tuple[float, T]:
        self._synchronize()
        start = time.perf_counter()
        result = call()
        self._synchronize()
        return time.perf_counter() - start, result

    def _synchronize(self) -> None:
        if self.is_cuda:
            torch.cuda.synchronize()

    def _release(self) -> None:
        if self.is_cuda:
            torch.cuda.empty_cache()

    def _reset_peak(self) -> None:
        gc.collect()
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats()
            return
        with suppress(OSError):  # where it cannot be reset, the peak is that of the whole run
            Path("/proc/self/clear_refs").write_text("5")


def _peak_resident() -> int:
    """Largest resident size in bytes, since the last reset where the system can tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def describe(model: Model, device: str) -> dict[str, Any]:
    """Versions and shape of a potential."""
    packages = {}
    for name in ("torch", "e3nn", "numpy", "vesin", model.package):
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    packages["torch"] = torch.__version__
    return {
        "parameters": model.parameters,
        "cutoff": model.cutoff,
        "python": platform.python_version(),
        "packages": packages,
        "device": torch.cuda.get_device_name() if device == "cuda" else None,
    }


def serve(worker: Worker, requests: TextIO, replies: Replies) -> None:
    """Answer requests until there are no more; an error is an answer too."""
    for line in requests:
        request = json.loads(line)
        try:
            reply = getattr(worker, request.pop("do"))(**request)
        except torch.OutOfMemoryError:
            worker.graphs = []
            reply = {"error": "out of memory"}
        replies.say(reply)


def main() -> None:
    """Load the potential, say what it is, then serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=sorted(LOADERS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--training", action="store_true")
    given = parser.parse_args()
    replies = Replies()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    keep_freed_memory()  # as Facet's own programs do; here for all potentials alike
    model = load_model(given.model, given.device, given.weights)
    worker = Worker(model, given.device, given.pool, is_training=given.training)
    replies.say(describe(model, given.device))
    serve(worker, sys.stdin, replies)


if __name__ == "__main__":
    main()
