"""Verdicts as candidates store them, and back again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from db.documents.candidate import BudgetChoice, Chances, Decomposition, Gate, HullPlace
from screening.evidence import Evidence
from screening.gates.outcome import GateOutcome, GateStatus
from screening.hull_distances import HullName
from screening.stability import Stability
from screening.verdict import Verdict, VerdictStatus
from workflows.convert import ON_HULL, screened_outcome

if TYPE_CHECKING:
    from db.documents import CandidateDoc, CandidateOutcome
    from screening.hull import HullDistance
    from screening.hull_distances import HullDistances
    from workflows.findings import Finding
    from workflows.judging.worth import Worth


def judged_outcome(finding: Finding, worth: Worth) -> CandidateOutcome:
    """What a candidate learns from screening."""
    told = screened_outcome(
        finding.relaxed.energy,
        finding.distance,
        finding.verdict,
        finding.duplicate_of,
        worth.rank,
    )
    places = finding.places
    further: dict[str, Any] = {
        "hulls": _places(places, finding) if places else {},
        "disagreement": places.disagreement if places else None,
        "known_as": finding.verdict.values.get("known_as"),
    }
    return told.model_copy(update=further | verdict_fields(finding.verdict, worth))


def verdict_fields(verdict: Verdict, worth: Worth) -> dict[str, Any]:
    """Return what a verdict says of a candidate, as the candidate stores it."""
    return {
        "is_flagged": verdict.is_flagged,
        "verdict": verdict.status.value,
        "reasons": verdict.reasons,
        "rule_id": verdict.rule_id,
        "gates": tuple(map(_stored_gate, verdict.gates)),
        "evidence": dict(verdict.values),
        "chances": Chances(**verdict.stability.to_dict()) if verdict.stability else None,
        "p_stable": worth.p_stable,
        "core_hours": worth.core_hours,
        "choice": _choice(worth),
        "rank": worth.rank,
    }


def distance_fields(distance: HullDistance) -> dict[str, Any]:
    """Return what the distance to the hull of the headline says of a candidate."""
    return {
        "formation_energy_per_atom": distance.formation_energy_per_atom,
        "energy_above_hull": distance.energy_above_hull,
        "is_stable": distance.energy_above_hull <= ON_HULL,
        "decomposes_to": _decomposition(distance),
    }


def hull_place(distance: HullDistance, version: str) -> HullPlace:
    """Return the place of a candidate on a hull that has one for it."""
    return HullPlace(
        energy_above_hull=distance.energy_above_hull,
        decomposes_to=_decomposition(distance),
        version=version,
    )


def verdict_of(candidate: CandidateDoc) -> Verdict | None:
    """Return the stored verdict on a candidate; None where there is none with its evidence.

    The distance is the one that the candidate has now: a DFT calculation may have moved the hull
    since the verdict.
    """
    if candidate.evidence is None or candidate.verdict is None:
        return None
    evidence = Evidence.from_dict(candidate.evidence)
    if candidate.energy_above_hull not in (None, evidence.energy_above_hull):
        evidence = evidence_at_place(evidence, candidate)
    return Verdict(
        is_flagged=bool(candidate.is_flagged),
        status=VerdictStatus(candidate.verdict),
        reasons=candidate.reasons,
        rule_id=candidate.rule_id or "unknown",
        gates=tuple(_gate(each) for each in candidate.gates),
        stability=Stability(**candidate.chances.model_dump()) if candidate.chances else None,
        values=evidence.to_dict(),
    )


def evidence_at_place(evidence: Evidence, candidate: CandidateDoc) -> Evidence:
    """Return the evidence with the distance of now; results of DFT move the dft hull only.

    Args:
        evidence: On the candidate where it was.
        candidate: It has a distance to the hull.
    """
    distance = float(candidate.energy_above_hull or 0.0)
    return replace(
        evidence,
        energy_above_hull=distance,
        no_reference=None,
        decomposes_to=tuple(each.formula for each in candidate.decomposes_to),
        hull_distances={**evidence.hull_distances, HullName.DFT.value: distance},
    )


def _places(places: HullDistances, finding: Finding) -> dict[str, HullPlace]:
    return {
        name.value: HullPlace(
            energy_above_hull=places.energy_above_hull(name),
            decomposes_to=_decomposition(places.distance(name)),
            no_reference=places.no_reference(name),
            version=finding.versions.get(name),
        )
        for name in HullName
    }


def _decomposition(distance: HullDistance | None) -> tuple[Decomposition, ...]:
    shares = distance.decomposes_to.items() if distance else ()
    return tuple(
        Decomposition(material_id=phase_id, formula=share.formula, amount=share.fraction)
        for phase_id, share in shares
    )


def _choice(worth: Worth) -> BudgetChoice | None:
    made = worth.choice
    if made is None:
        return None
    return BudgetChoice(
        role=made.role.value,
        reason=made.reason,
        value=made.value if math.isfinite(made.value) else 0.0,
        inclusion_probability=made.inclusion_probability,
        rank=made.rank,
    )


def _stored_gate(outcome: GateOutcome) -> Gate:
    return Gate(
        name=outcome.name,
        status=outcome.status.value,
        sentence=outcome.sentence,
        value=outcome.value,
        limit=outcome.limit,
    )


def _gate(stored: Gate) -> GateOutcome:
    fields = stored.model_dump()
    return GateOutcome(**{**fields, "status": GateStatus(fields["status"])})
