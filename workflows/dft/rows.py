"""Follow-ups and proposals as rows for tables and JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from db.follow_ups import follow_ups_of
from workflows.dft.proposals import LEARNED, ranked

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import FollowUpDoc
    from workflows.dft.proposals import Ranked


def proposal_rows(
    database: MongoDatabase, campaign: CampaignDoc, budget: float | None = None
) -> list[dict[str, Any]]:
    """Return every candidate that could be approved, in the order in which it should be.

    Args:
        database: Holds the campaign.
        campaign: A screened campaign.
        budget: Core-hours; None takes the budget of the rule.
    """
    statuses = {
        request.material_id: each.status
        for each in follow_ups_of(database, campaign.campaign_id)
        if (request := each.request_of(campaign.campaign_id)) is not None
    }
    rows = ranked(database, campaign, budget)
    return [_proposal_row(each, statuses.get(each.candidate.material_id)) for each in rows]


def follow_up_row(follow_up: FollowUpDoc, campaign_id: str) -> dict[str, Any]:
    """Return a follow-up as a campaign sees it, energies in eV/atom, costs in core-hours."""
    request = follow_up.request_of(campaign_id)
    comparison = request.comparison if request else None
    result = follow_up.result
    return {
        "follow_up_id": follow_up.follow_up_id,
        "material_id": request.material_id if request else None,
        "formula_pretty": follow_up.formula_pretty,
        "ordering": follow_up.ordering,
        "ordering_note": follow_up.ordering_note,
        "kind": request.kind if request else None,
        "inclusion_probability": request.inclusion_probability if request else None,
        "status": follow_up.status,
        "decided_by": follow_up.decided_by,
        "decided_at": follow_up.decided_at,
        "maker": follow_up.maker,
        "fw_ids": list(follow_up.fw_ids),
        "estimated_core_hours": follow_up.cost,
        "core_hours": result.core_hours if result else None,
        "p_stable": request.prediction.p_stable if request else None,
        "predicted_above_hull": comparison.predicted_above_hull if comparison else None,
        "dft_above_hull": comparison.dft_above_hull if comparison else None,
        "dft_above_updated_hull": comparison.dft_above_updated_hull if comparison else None,
        "is_stable": comparison.is_stable if comparison else None,
        "volume_error": comparison.volume_error if comparison else None,
        "rmsd": result.rmsd if result else None,
        "why": follow_up.failure or (comparison.no_distance if comparison else None),
    }


def status_document(database: MongoDatabase, campaign: CampaignDoc) -> dict[str, Any]:
    """Return all follow-ups of a campaign, their number by status, and what was learned of them."""
    found = follow_ups_of(database, campaign.campaign_id)
    spent = [each.result.core_hours for each in found if each.result and each.result.core_hours]
    return {
        "campaign_id": campaign.campaign_id,
        "counts": dict(Counter(each.status for each in found)),
        "estimated_core_hours": sum(
            each.cost for each in found if each.status not in ("proposed", "rejected")
        ),
        "core_hours": sum(spent) if spent else None,
        "follow_ups": [follow_up_row(each, campaign.campaign_id) for each in found],
        "learned": campaign.summary.get(LEARNED),
    }


def _proposal_row(row: Ranked, status: str | None) -> dict[str, Any]:
    return {
        "material_id": row.candidate.material_id,
        "formula_pretty": row.candidate.formula_pretty,
        "chemsys": row.candidate.chemsys,
        "rank": row.choice.rank,
        "role": row.choice.role.value,
        "kind": row.kind,
        "is_flagged": bool(row.candidate.is_flagged),
        "energy_above_hull": row.candidate.energy_above_hull,
        "p_stable": row.p_stable,
        "core_hours": row.cost,
        "inclusion_probability": row.choice.inclusion_probability,
        "status": status,
        "reason": row.choice.reason,
    }
