"""Tables of ``benchmarks/optimizers.py``: evaluations, ends and minima by optimizer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

SAME = 1e-3
"""Energies in eV/atom that differ by less belong to the same minimum."""


def costs(runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Evaluations, ends and time by optimizer, for all its candidates and those that ASE walked."""
    reference = runs.get("ase-fire")
    rows = []
    for name, run in runs.items():
        if name.endswith(", tight"):
            continue
        walks = run["walks"]
        places = [each["num_places"] for each in walks.values()]
        row = {
            "optimizer": name,
            "candidates": len(walks),
            "mean": np.mean(places),
            "median": np.median(places),
            "95 %": np.percentile(places, 95),
            "with last look": np.mean([each["num_evaluations"] for each in walks.values()]),
            "failures": _failures(walks),
            "ms per evaluation": 1e3
            * run["seconds"]
            / sum(each["num_evaluations"] for each in walks.values()),
            "seconds per crystal": run["seconds"] / len(walks),
        }
        if reference is not None:
            row |= _against(walks, reference["walks"])
        rows.append(row)
    return rows


def _failures(walks: dict[str, Any]) -> str:
    ends = Counter(each["end"] for each in walks.values() if each["end"] != "converged")
    return ", ".join(f"{count} {end}" for end, count in ends.items()) or "none"


def _against(walks: dict[str, Any], reference: dict[str, Any]) -> dict[str, float]:
    """Compare with ASE's FIRE on the crystals that both relaxed."""
    both = [
        key
        for key in walks.keys() & reference.keys()
        if walks[key]["end"] == reference[key]["end"] == "converged"
    ]
    theirs = sum(reference[key]["num_places"] for key in both)
    return {
        "same crystals": len(both),
        "mean there": sum(walks[key]["num_places"] for key in both) / len(both),
        "fewer than ASE's FIRE": theirs / sum(walks[key]["num_places"] for key in both),
        "with last look, fewer": theirs / sum(walks[key]["num_evaluations"] for key in both),
    }


def minima(runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Energies of tight minima relative to those of FIRE."""
    reference = runs.get("fire, tight")
    if reference is None:
        return []
    rows = []
    for name, run in runs.items():
        if not name.endswith(", tight"):
            continue
        pairs = [
            (each["energy_per_atom"], reference["walks"][key]["energy_per_atom"])
            for key, each in run["walks"].items()
            if each["end"] == reference["walks"][key]["end"] == "converged"
        ]
        excess = np.array([ours - theirs for ours, theirs in pairs])
        rows.append(
            {
                "optimizer": name,
                "crystals": len(pairs),
                "failures": _failures(run["walks"]),
                "mean evaluations": np.mean(
                    [each["num_evaluations"] for each in run["walks"].values()]
                ),
                "within 1 meV/atom of FIRE": np.mean(abs(excess) <= SAME),
                "lower": np.mean(excess < -SAME),
                "higher": np.mean(excess > SAME),
            }
        )
    return rows
