"""One side of the comparison of relaxations, in one process: requests and answers as JSON lines.

A side is a potential and what moves the crystals: the engine, or one of ASE's optimizers, crystal
by crystal. ``relax`` takes one portion of the candidates; nothing runs between requests.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch
from candidates import campaign_crystals, pool_crystals
from optimizers import THEIRS, Walk, by_ase
from resident import MEBIBYTE, peak_mib, reset_peak
from watching import Timed, Watch
from workloads import checksum_of, count_atoms

from facet import load
from facet.graph.convert import atoms_from
from facet.interop.mace import load_mace
from facet.memory import keep_freed_memory
from facet.relaxation.rattle import rattled
from facet.relaxation.relaxer import Relaxation
from facet.relaxation.settings import OPTIMIZERS, RelaxSettings
from workflows.lines import Replies

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

WARMUP = 8
"""Candidates that are relaxed before anything is timed."""

RATTLE, STRAIN = 0.1, 0.03
"""Angstrom, and largest component of the strain, by which crystals of the pool are disturbed."""


class Side:
    """A potential, what moves the crystals, and the candidates.

    Args:
        potential: In single precision.
        crystals: All candidates.
        mover: An optimizer of the engine or of ASE.
        max_atoms: Largest batch of the engine; zero for its own choice.
    """

    def __init__(
        self, potential: Potential, crystals: list[Crystal], mover: str, max_atoms: int
    ) -> None:
        self._potential = potential
        self._crystals = crystals
        self._mover = mover
        self._max_atoms = max_atoms
        self._relax(crystals[:WARMUP], Watch())

    def about(self) -> dict[str, Any]:
        """What this side is, to be checked against the others."""
        return {
            "mover": self._mover,
            "fingerprint": self._potential.fingerprint,
            "cutoff": self._potential.cutoff,
            "crystals": checksum_of(self._crystals),
            "num_crystals": len(self._crystals),
            "num_atoms": count_atoms(self._crystals),
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name() if self._is_cuda else None,
        }

    def relax(self, start: int, stop: int) -> dict[str, Any]:
        """Relax some of the candidates and say what was seen.

        Args:
            start: Number of the first candidate.
            stop: Number after the last.
        """
        watch = Watch()
        self._reset_peak()
        started, started_cpu = time.perf_counter(), time.process_time()
        walks = self._relax(self._crystals[start:stop], watch)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
        return {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "potential_seconds": watch.seconds,
            "evaluations": dict(watch.evaluations),
            "atoms_in_flight": watch.atoms,
            "idle": watch.idle,
            "peak_mib": self._peak(),
            "walks": [[start + int(name), *asdict(each).values()] for name, each in walks.items()],
        }

    @property
    def _is_cuda(self) -> bool:
        return self._potential.device.type == "cuda"

    def _relax(self, crystals: list[Crystal], watch: Watch) -> dict[str, Walk]:
        potential = Timed(self._potential, watch)
        named = ((str(index), each) for index, each in enumerate(crystals))
        if self._mover in THEIRS:
            return by_ase({name: atoms_from(each) for name, each in named}, potential, self._mover)
        settings = RelaxSettings(
            optimizer=self._mover,
            max_batch_atoms=self._max_atoms,
            max_batch_edges=80 * self._max_atoms,
        )
        with patch("facet.relaxation.relaxer.evaluator_for", watch.evaluator_for):
            engine = Relaxation(watch.reading(named), potential, settings)
        return {
            each.name: Walk(
                each.num_steps + 1,
                each.num_evaluations,
                str(each.stop_reason),
                each.energy / max(1, len(each.species)),
            )
            for each in engine
        }

    def _reset_peak(self) -> None:
        reset_peak()
        if self._is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def _peak(self) -> float:
        return torch.cuda.max_memory_allocated() / MEBIBYTE if self._is_cuda else peak_mib()


def candidates(data: Path, count: int, *, is_pool: bool) -> list[Crystal]:
    """Candidates of the campaign, or many disturbed crystals of the pool."""
    if not is_pool:
        return campaign_crystals(data, count)
    source = pool_crystals(data, max_atoms=52)
    return [rattled(each, RATTLE, STRAIN) for each, _ in zip(source, range(count), strict=False)]


def main() -> None:
    """Load the potential, say what it is, then answer requests until there are no more."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=("facet", "mace"))
    parser.add_argument("mover", choices=(*OPTIMIZERS, *THEIRS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--weights", required=True, help="a file, or the name of a Facet potential")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--batch-atoms", type=int, default=0)
    parser.add_argument("--from-pool", action="store_true")
    given = parser.parse_args()
    replies = Replies()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    keep_freed_memory()  # as Facet's own programs do; here for all sides alike
    loader = load if given.model == "facet" else load_mace
    potential = loader(given.weights, dtype=torch.float32, device=given.device)
    crystals = candidates(given.data, given.count, is_pool=given.from_pool)
    side = Side(potential, crystals, given.mover, given.batch_atoms)
    replies.say(side.about())
    for line in sys.stdin:
        request = json.loads(line)
        reply = getattr(side, request.pop("do"))(**request)
        replies.say(reply)


if __name__ == "__main__":
    main()
