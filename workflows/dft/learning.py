"""What finished calculations say of predictions and of the rule: calibration, precision, recall."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.budget import Role
from screening.calibration import fit_with_offset
from screening.estimates import Observation, score
from workflows.dft.proposals import may_be_drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.documents import CandidateDoc
    from db.documents.follow_up import Comparison, FollowUpDoc, Request

FEWEST_TO_CALIBRATE = 20
"""Results; fewer say too little of three numbers."""

ROLES = {"flagged": Role.CHOSEN, "exploration": Role.DRAWN}


def learned_scale(rows: Sequence[tuple[Request, Comparison]]) -> dict[str, Any] | None:
    """Fit what a predicted distance is worth, None where there are too few results.

    Spreads count where all results have one; otherwise all get the same error.

    Args:
        rows: Requests with a result.
    """
    errors: list[float] = []
    spreads: list[float | None] = []
    for request, comparison in rows:
        predicted, found = comparison.predicted_above_hull, comparison.dft_above_hull
        if predicted is not None and found is not None:
            errors.append(predicted - found)
            spreads.append(request.prediction.spread)
    if len(errors) < FEWEST_TO_CALIBRATE:
        return None
    order = np.argsort(errors, kind="stable")  # whatever order they came in
    known = np.array([0.0 if None in spreads else each or 0.0 for each in spreads])
    fitted = fit_with_offset(np.array(errors)[order], known[order])
    return {
        **fitted.to_dict(),
        "num_results": len(errors),
        "mean_absolute_error": float(np.mean(np.abs(np.sort(errors)))),
    }


def rule_scores(
    candidates: Iterable[CandidateDoc],
    follow_ups: Iterable[FollowUpDoc],
    comparisons: Mapping[str, Comparison],
    campaign_id: str,
) -> dict[str, dict[str, Any]]:
    """Estimate for each rule how good its choices were.

    Args:
        candidates: All of the campaign that were screened.
        follow_ups: All that the campaign asked for.
        comparisons: What DFT made of candidates, by name.
        campaign_id: The campaign.
    """
    asked: dict[str, tuple[Request, bool]] = {}
    for each in follow_ups:
        request = each.request_of(campaign_id)
        if request is not None and each.status != "proposed":
            refused = each.status == "rejected" and asked.get(request.material_id, (0, True))[1]
            asked[request.material_id] = (request, refused)
    by_rule: dict[str, list[Observation]] = defaultdict(list)
    for candidate in candidates:
        request, is_rejected = asked.get(candidate.material_id, (None, False))
        comparison = comparisons.get(candidate.material_id)
        rule = (request.rule_id if request else None) or candidate.rule_id or "unknown"
        by_rule[rule.replace(".", "_")].append(
            _observation(candidate, None if is_rejected else request, comparison, is_rejected)
        )
    return {rule: score(rows).to_dict() for rule, rows in sorted(by_rule.items())}


def _observation(
    candidate: CandidateDoc,
    request: Request | None,
    comparison: Comparison | None,
    is_rejected: bool,  # noqa: FBT001 (a fact, not a choice)
) -> Observation:
    """Say what is known of a candidate; what people chose or refused by hand stands for nothing."""
    if request is None:
        is_in_frame = may_be_drawn(candidate) and not is_rejected
        return Observation(Role.LEFT, bool(candidate.is_flagged), float(is_in_frame), None)
    # What is flagged now, DFT may have decided; the rule is scored by what it said before.
    was_flagged = candidate.is_flagged if request.is_flagged is None else request.is_flagged
    return Observation(
        role=ROLES.get(request.kind, Role.LEFT),
        is_flagged=request.kind == "flagged" or bool(was_flagged),
        inclusion_probability=request.inclusion_probability,
        is_stable=comparison.is_stable if comparison else None,
    )
