"""Counts of a report: the funnel, how relaxations ended, why some failed, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflows.operations.status import A_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflows.report.facts import Fact

MOST_REASONS = 12
NUM_STRETCHES = 40
GATES = {
    "converged": "converged",
    "volume": "sound volume",
    "distances": "sound distances",
    "coordination": "sound neighbors",
    "neutrality": "charges cancel",
    "prototype": "kept its prototype",
    "hull": "near the hull",
    "probability": "probably stable",
    "depth": "not too far below",
    "uncertainty": "certain enough",
    "unique": "unique",
    "new": "not known before",
    "dynamical": "no soft phonon",
    "elastic": "elastically stable",
}
"""What is true of a candidate behind each gate."""


def funnel(facts: Sequence[Fact], follow_ups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count the candidates that are left behind each step, from submission to DFT.

    Gates that no candidate failed take no row of their own.

    Args:
        facts: All candidates.
        follow_ups: Rows of the DFT calculations that the campaign asked for.
    """
    steps = [("submitted", len(facts))]
    steps.append(("readable", sum(each.stored["status"] != "rejected_input" for each in facts)))
    steps.append(("relaxed", sum(each.relaxed is not None for each in facts)))
    steps += _behind_gates([each for each in facts if each.gates])
    steps.append(("flagged", sum(each.is_flagged for each in facts)))
    roles = Counter((each.stored.get("choice") or {}).get("role") for each in facts)
    if roles["chosen"] or roles["drawn"]:
        steps.append(("chosen within the budget", roles["chosen"]))
    rows = list(follow_ups)
    if rows:
        finished = {each["material_id"] for each in rows if each["status"] == "finished"}
        stable = {each["material_id"] for each in rows if each["is_stable"]}
        steps += [("calculated by DFT", len(finished)), ("stable by DFT", len(stable))]
    return [{"step": name, "number": number} for name, number in steps]


def _behind_gates(judged: Sequence[Fact]) -> Iterator[tuple[str, int]]:
    """Yield what is left behind each gate that some candidate failed."""
    failed = Counter(_failed_gate(each) for each in judged)
    order = dict.fromkeys(name for each in judged for name, _ in each.gates)
    left = len(judged)
    for name in order:
        if failed[name]:
            left -= failed[name]
            yield GATES.get(name, name.replace("_", " ")), left


def _failed_gate(fact: Fact) -> str | None:
    return next((name for name, status in fact.gates if status == "failed"), None)


def ends(facts: Iterable[Fact]) -> dict[str, int]:
    """Count how relaxations ended, the most frequent end first."""
    found = Counter(each.relaxed.stop_reason for each in facts if each.relaxed)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def verdicts(facts: Iterable[Fact]) -> dict[str, int]:
    """Count verdicts, the most frequent first."""
    found = Counter(each.stored["verdict"] for each in facts if each.stored.get("verdict"))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def failures(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Group what went wrong by reasons that differ in numbers only, the most frequent first."""
    groups: Counter[tuple[str, str]] = Counter(
        (kind, A_NUMBER.sub("#", reason)) for each in facts for kind, reason in _faults(each)
    )
    found = sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"kind": kind, "reason": reason, "count": count}
        for (kind, reason), count in found[:MOST_REASONS]
    ]


def _faults(fact: Fact) -> Iterator[tuple[str, str]]:
    if fact.stored.get("rejection"):
        file, _, reason = str(fact.stored["rejection"]).partition(": ")
        yield "rejected", reason or file
    if fact.relaxed and fact.relaxed.stop_reason != "converged":
        yield fact.relaxed.stop_reason, fact.relaxed.message
    elif fact.relaxed and fact.distance is None and fact.stored["status"] == "screened":
        places = (fact.stored.get("hulls") or {}).values()
        reasons = [each["no_reference"] for each in places if each.get("no_reference")]
        yield "no place on the hull", reasons[0] if reasons else "No hull holds its elements."


def throughput(facts: Iterable[Fact]) -> dict[str, Any] | None:
    """Count crystals relaxed over time; None where they did not end at different times.

    Relaxations that an earlier campaign paid for count when they ended.
    """
    times = sorted(each.relaxed.ended_at for each in facts if each.relaxed)
    seconds = (times[-1] - times[0]).total_seconds() if times else 0.0
    if seconds <= 0:
        return None
    counts = [0] * NUM_STRETCHES
    for each in times:
        share = (each - times[0]).total_seconds() / seconds
        counts[min(NUM_STRETCHES - 1, int(share * NUM_STRETCHES))] += 1
    return {
        "first": times[0].isoformat(),
        "last": times[-1].isoformat(),
        "seconds": seconds,
        "stretch_seconds": seconds / NUM_STRETCHES,
        "counts": counts,
    }
