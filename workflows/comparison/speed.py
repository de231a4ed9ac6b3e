"""What relaxing the candidates cost each potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.documents import RelaxationDoc
    from workflows.comparison.peers import Peer
    from workflows.comparison.request import Comparison

MICRO = 1e6


def speeds_of(
    peers: Sequence[Peer],
    found: Mapping[str, Mapping[str, RelaxationDoc]],
    runs: Sequence[Mapping[str, Any]],
    comparison: Comparison,
) -> dict[str, Any]:
    """Structures per second by potential, and how many times as fast the first one is.

    Times are those of the portions that were computed here in turns, in the engine alone. Where
    workers relaxed the crystals, each crystal's share of the wall time of its batches counts: the
    machines may then differ, and the report says so.
    """
    rates = {
        each.label: _speed(each, found[each.fingerprint], _own(runs, each, "candidates"))
        for each in peers
    }
    first = rates[peers[0].label]
    for each in rates.values():
        each["first_is_faster_by"] = _ratio(first, each)
    return {"num_candidates": len(comparison.candidates), "by_potential": rates}


def _ratio(first: Mapping[str, Any], other: Mapping[str, Any]) -> float | None:
    """Ratio of two rates, if both were measured alike and on as many crystals."""
    are_alike = all(first[key] == other[key] for key in ("measured", "num"))
    rates = first["structures_per_second"], other["structures_per_second"]
    return rates[0] / rates[1] if are_alike and rates[0] and rates[1] else None


def _own(runs: Sequence[Mapping[str, Any]], peer: Peer, purpose: str) -> list[Mapping[str, Any]]:
    return [
        each
        for each in runs
        if each["fingerprint"] == peer.fingerprint and each["purpose"] == purpose
    ]


def _speed(
    peer: Peer, found: Mapping[str, RelaxationDoc], runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    common = {"is_one_by_one": peer.is_one_by_one}
    if not runs:
        return common | _by_shares(found)
    is_cpu = all(each["device"] == "cpu" for each in runs)
    # All have one process and the same threads: its processor time is not disturbed by others.
    seconds = sum(each["cpu_seconds" if is_cpu else "seconds"] for each in runs)
    number = sum(each["num"] for each in runs)
    visits = sum(each["atom_evaluations"] for each in runs)
    return common | {
        "measured": "processor time of the engine" if is_cpu else "wall time of the engine",
        "num": number,
        "seconds": seconds,
        "wall_seconds": sum(each["seconds"] for each in runs),
        "structures_per_second": number / seconds if seconds else None,
        "microseconds_per_atom_and_evaluation": MICRO * seconds / visits if visits else None,
        "peak_mib": max(each["peak_mib"] for each in runs),
        "device": runs[0]["device"],
        "threads": runs[0]["threads"],
        "kernels": runs[0]["kernels"],
    }


def _by_shares(found: Mapping[str, RelaxationDoc]) -> dict[str, Any]:
    seconds = sum(each.wall_share for each in found.values())
    visits = sum(each.nsites * (each.num_evaluations or 0) for each in found.values())
    return {
        "measured": "shares of the wall time of workers, which may be different machines",
        "num": len(found),
        "seconds": seconds,
        "structures_per_second": len(found) / seconds if seconds else None,
        "microseconds_per_atom_and_evaluation": MICRO * seconds / visits if visits else None,
        "peak_mib": None,
        "device": ", ".join(sorted({each.device for each in found.values()})),
    }
