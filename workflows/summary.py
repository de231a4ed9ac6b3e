"""Numbers that describe a screened campaign; they follow from its documents alone."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from db.filters import CandidateFilter
from db.queries import counts_by
from screening.rules import FlagRule
from workflows.keys import reference_key
from workflows.known_outcome import known_outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, RelaxationDoc
    from screening.hull import Hulls
    from workflows.findings import Finding, Relaxed


def summarize(
    database: MongoDatabase,
    campaign: CampaignDoc,
    findings: Sequence[Finding],
    phases: Sequence[Relaxed],
    hulls: Hulls,
) -> CampaignDoc:
    """Return the campaign with its counts, summary and status brought up to date.

    Args:
        database: Holds the campaign's candidates.
        campaign: The campaign.
        findings: What was found of its candidates.
        phases: Its reference phases, if they were relaxed.
        hulls: What the candidates were measured against.
    """
    candidates = _statuses(database, campaign, "candidate")
    references = _statuses(database, campaign, "reference")
    counts = {
        "candidates": candidates.total(),
        "rejected_input": candidates["rejected_input"],
        "pending": candidates["pending"] + references["pending"],
        "set_aside": candidates["set_aside"] + references["set_aside"],
        "reference_inputs": references.total(),
        "reference_rejected_input": references["rejected_input"],
        "reference_phases": len(hulls.reference.phases),
        "reference_phases_omitted": len(hulls.reference.omitted),
        "flagged": sum(each.is_flagged for each in findings),
        **_counted("end", (each.relaxed.relaxation.stop_reason for each in findings)),
        **_counted("verdict", (each.verdict.status.value for each in findings)),
        **_counted("reference_end", (each.relaxation.stop_reason for each in phases)),
    }
    return campaign.model_copy(
        update={
            "status": "running" if counts["pending"] else "finished",
            "counts": counts,
            "summary": {
                **campaign.summary,
                **_costs([each.relaxed.relaxation for each in findings], phases),
                "hull": hulls.reference.description,
                "reference_id": campaign.reference_id or reference_key(hulls.reference),
                "known_outcome": known_outcome(findings, hulls, FlagRule.from_dict(campaign.rule)),
            },
        }
    )


def _statuses(database: MongoDatabase, campaign: CampaignDoc, role: str) -> Counter[str]:
    where = CandidateFilter.model_validate({"campaign_id": campaign.campaign_id, "role": role})
    return Counter(counts_by(database, "status", where))


def _counted(prefix: str, values: Iterable[str]) -> dict[str, int]:
    return {f"{prefix}_{name}": count for name, count in sorted(Counter(values).items())}


def _costs(candidates: Sequence[RelaxationDoc], phases: Sequence[Relaxed]) -> dict[str, Any]:
    """Steps and seconds of the relaxations, whichever campaign paid for them."""
    converged = [each.num_steps for each in candidates if each.stop_reason == "converged"]
    once = {
        each.relaxation_id: each for each in (*candidates, *(phase.relaxation for phase in phases))
    }
    return {
        "median_steps_converged": median(converged) if converged else None,
        "relaxation_seconds": round(sum(each.wall_share for each in once.values()), 1),
        "atom_steps": sum(each.nsites * (each.num_steps + 1) for each in once.values()),
    }
