"""What a screened campaign says of its hulls and of its budget, in a few numbers."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from screening.budget import Role
from screening.hull_distances import HullName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.documents import CandidateDoc
    from workflows.findings import Finding
    from workflows.judging.surroundings import Surroundings
    from workflows.judging.worth import Worth


def overview(
    findings: Sequence[Finding], worths: Mapping[str, Worth], around: Surroundings
) -> dict[str, Any]:
    """Return numbers for the summary of a campaign; energies in eV/atom.

    Args:
        findings: Of its candidates.
        worths: Of these, by name.
        around: What they were measured against.
    """
    return {
        "rule_id": next((each.verdict.rule_id for each in findings), None),
        "headline_hull": around.headline.value,
        "hulls": {name.value: _about(name, findings, around) for name in HullName},
        "median_disagreement": _median(
            each.places.disagreement for each in findings if each.places is not None
        ),
        "unplaced": [
            {"material_id": name, "reason": reason}
            for name, reason in around.three.unplaced.items()
        ],
        "num_known_phases": sum(
            each.verdict.values.get("known_as") is not None for each in findings
        ),
        "choices": {role.value: spent(role, worths.values()) for role in (Role.CHOSEN, Role.DRAWN)},
    }


def _about(name: HullName, findings: Sequence[Finding], around: Surroundings) -> dict[str, Any]:
    hulls = around.three.hulls(name)
    placed = [each for each in findings if each.places and each.places.distance(name)]
    return {
        "num_phases": len(hulls.reference.phases) if hulls else 0,
        "num_measured": len(placed),
        "why_absent": around.absent(name),
    }


def _median(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return median(known) if known else None


def spent(role: Role, rows: Iterable[Worth | CandidateDoc]) -> dict[str, Any]:
    """Count the candidates of a role, and add up what their calculations cost in core-hours."""
    costs = [each.core_hours or 0.0 for each in rows if each.choice and each.choice.role == role]
    return {"num": len(costs), "core_hours": sum(costs)}
