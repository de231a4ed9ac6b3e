"""Candidates as rows of tables and JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from db.documents import CampaignDoc, CandidateDoc
    from db.documents.candidate import HullNameText

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
    "disagreement",
    "p_stable",
    "core_hours",
    "is_flagged",
    "verdict",
    "duplicate_of",
    "known_as",
    "rule_id",
    "potential_fingerprint",
    "rejection",
)
HULL_COLUMNS: dict[HullNameText, str] = {
    "dft": "energy_above_dft_hull",
    "own": "energy_above_own_hull",
    "self": "energy_above_self_hull",
}


DFT_COLUMNS = {
    "dft_result_above_hull": "energy_above_hull",
    "dft_result_formation_energy": "formation_energy_per_atom",
    "dft_result_is_stable": "is_stable",
    "dft_result_volume_change": "volume_change",
    "dft_result_rmsd": "rmsd",
    "dft_result_ordering": "ordering",
    "dft_result_task": "task_uuid",
    "dft_result_why_no_distance": "no_distance",
}
"""What a finished DFT calculation found, beside what was predicted."""


def candidate_row(candidate: CandidateDoc) -> dict[str, Any]:
    """Plain values of a candidate.

    Energies are in eV/atom, ``fmax`` in eV/angstrom, ``smax`` in GPa. ``choice`` is what the budget
    makes of it: chosen, drawn by lot, or left.
    """
    return {
        **{name: getattr(candidate, name) for name in ROW_FIELDS},
        **_hull_columns(candidate),
        **dft_columns(candidate),
        "choice": candidate.choice.role if candidate.choice else None,
        "inclusion_probability": (
            candidate.choice.inclusion_probability if candidate.choice else None
        ),
        "decomposes_to": {each.formula: each.amount for each in candidate.decomposes_to},
        "reasons": list(candidate.reasons),
        "origin": candidate.origin.file,
    }


def _hull_columns(candidate: CandidateDoc) -> dict[str, Any]:
    """Signed distance to each hull in eV/atom, None where there is none."""
    places = {name: candidate.hulls.get(name) for name in HULL_COLUMNS}
    return {
        column: place.energy_above_hull if (place := places[name]) else None
        for name, column in HULL_COLUMNS.items()
    }


def dft_columns(candidate: CandidateDoc) -> dict[str, Any]:
    """What DFT found of a candidate, None where it found nothing yet; energies in eV/atom."""
    found = candidate.dft
    if found is None:
        return dict.fromkeys((*DFT_COLUMNS, "dft_result_date"))
    ended = found.completed_at
    return {
        **{column: getattr(found, name) for column, name in DFT_COLUMNS.items()},
        "dft_result_date": ended.date().isoformat() if ended else None,
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
