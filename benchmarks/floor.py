"""The least time that one call for energy, forces and stress could take here, and what it takes.

    python benchmarks/floor.py [--potential facet-s] [--device cpu] [--atoms 512]

Counted on one batch of mixed crystals: arithmetic of all matrix products, bytes that all operators
read and write, and operators launched. Measured in the same process: the rate of a large matrix
product, the rate of a large copy, and the price of an operator on a tiny tensor. The floor is the
larger of arithmetic and memory time, were every operator as fast as the best of its kind. Writes
``benchmarks/results/floor-DEVICE.json``.
"""

from __future__ import annotations

import argparse
import json
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from census import Census
from machine import ROOT, hardware, revision
from workloads import cut, find_pool, slices_of

from facet.checkpoint import load
from facet.graph.neighbors import build_batch
from facet.memory import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 1024
COPY_BYTES = 2**28
CALLS = 15


def main() -> None:
    """Count, measure, print and store."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--potential", default="facet-s")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--atoms", type=int, default=512)
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    potential = load(given.potential, dtype=torch.float32, device=given.device)
    crystals = cut(slices_of("mixed", find_pool(None), 1)[0], given.atoms)[0]
    batch = build_batch(crystals, potential.cutoff, potential.dtype, potential.device)
    counts = count(lambda: potential(batch))
    rates = measure_rates(potential.device)
    seconds = best_of(lambda: potential(batch), potential.device)
    row = summary(counts, rates, seconds, batch.num_atoms)
    row["edges_per_atom"] = batch.edge_index.shape[1] / batch.num_atoms
    for name, value in row.items():
        print(f"{name:34s} {value:12.4g}")
    document = {**revision(), "hardware": hardware(), "fingerprint": potential.fingerprint, **row}
    path = ROOT / "benchmarks" / "results" / f"floor-{given.device}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


def count(call: Callable[[], object]) -> dict[str, float]:
    """Arithmetic of matrix products, bytes, and operators of one call."""
    with Census() as census:
        call()
    return {"flop": census.flop, "bytes": census.bytes, "operators": census.operators}


def measure_rates(device: torch.device) -> dict[str, float]:
    """FLOP/s of a matrix product, bytes/s of a copy, seconds of an operator on one number."""
    a = torch.randn(SIDE, SIDE, device=device)
    source = torch.zeros(COPY_BYTES // 4, device=device)
    target = torch.empty_like(source)
    one = torch.zeros(1, device=device)
    return {
        "flops": 2 * SIDE**3 / best_of(lambda: a @ a, device),
        "bandwidth": 2 * COPY_BYTES / best_of(lambda: target.copy_(source), device),
        "launch": best_of(lambda: [one + one for _ in range(100)], device) / 100,
    }


def best_of(call: Callable[[], object], device: torch.device) -> float:
    """Median of the faster half of some calls: a shared machine only ever slows them."""
    seconds = []
    for _ in range(CALLS):
        begin = perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(perf_counter() - begin)
    return median(sorted(seconds)[: CALLS // 2])


def summary(
    counts: dict[str, float], rates: dict[str, float], seconds: float, num_atoms: int
) -> dict[str, float]:
    """What a call must do per atom, its time at each ceiling, and the time that it takes."""
    scale = 1e6 / num_atoms
    arithmetic = scale * counts["flop"] / rates["flops"]
    memory = scale * counts["bytes"] / rates["bandwidth"]
    return {
        "atoms": num_atoms,
        "Mflop/atom": counts["flop"] / num_atoms / 1e6,
        "kB moved/atom": counts["bytes"] / num_atoms / 1e3,
        "operators a call": counts["operators"],
        "ceiling Gflop/s": rates["flops"] / 1e9,
        "ceiling GB/s": rates["bandwidth"] / 1e9,
        "us an operator": 1e6 * rates["launch"],
        "arithmetic us/atom": arithmetic,
        "memory us/atom": memory,
        "launching us/atom": scale * counts["operators"] * rates["launch"],
        "floor us/atom": max(arithmetic, memory),
        "measured us/atom": scale * seconds,
        "share of arithmetic ceiling": arithmetic / (scale * seconds),
        "share of memory ceiling": memory / (scale * seconds),
    }


if __name__ == "__main__":
    main()
