"""Candidates as rows of tables and JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from db.documents import CampaignDoc, CandidateDoc

ROW_FIELDS = (
    "rank",
    "material_id",
    "formula_pretty",
    "chemsys",
    "nsites",
    "space_group_number",
    "status",
    "stop_reason",
    "num_steps",
    "fmax",
    "smax",
    "energy_per_atom",
    "formation_energy_per_atom",
    "energy_above_hull",
    "is_stable",
    "is_flagged",
    "verdict",
    "duplicate_of",
    "rule_id",
    "potential_fingerprint",
    "rejection",
)


def candidate_row(candidate: CandidateDoc) -> dict[str, Any]:
    """Plain values of a candidate; energies in eV/atom, fmax in eV/angstrom, smax in GPa."""
    return {
        **{name: getattr(candidate, name) for name in ROW_FIELDS},
        "decomposes_to": {each.formula: each.amount for each in candidate.decomposes_to},
        "reasons": list(candidate.reasons),
        "origin": candidate.origin.file,
    }


def reject_row(candidate: CandidateDoc) -> dict[str, Any]:
    """Plain values of an input that was rejected, or that the potential cannot relax."""
    return {
        "material_id": candidate.material_id,
        "role": candidate.role,
        "origin": candidate.origin.file,
        "rejection": candidate.rejection or f"{candidate.origin.file}: {candidate.reasons[0]}",
    }


def campaign_row(campaign: CampaignDoc) -> dict[str, Any]:
    """Plain values of a campaign."""
    return {
        "campaign_id": campaign.campaign_id,
        "source": campaign.source,
        "status": campaign.status,
        "potential": campaign.potential_name,
        "potential_fingerprint": campaign.potential_fingerprint,
        "reference": campaign.reference_name,
        "reference_scheme": campaign.reference_scheme,
        "relax_settings": campaign.relax_settings,
        "rule": campaign.rule,
        "counts": campaign.counts,
        "summary": campaign.summary,
    }
