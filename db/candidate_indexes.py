"""The indexes of candidates: one for each question that must be fast among a million of them."""

from __future__ import annotations

from db.documents.candidate import ELEMENT_SETS, CandidateDoc
from db.index import Index

CANDIDATES = CandidateDoc.collection
CAMPAIGN = "campaign_id"
HULL = "energy_above_hull"
ELEMENTS_INDEX = "elements_by_hull"

# Equality first, then the order asked for, then _id: ties keep their place from page to page, and
# no page is sorted in memory. What follows _id lets other conditions be checked, and candidates be
# counted, on the keys alone; _id itself begins with the campaign.
ORDERS_IN_A_CAMPAIGN = (
    Index(
        CANDIDATES,
        "campaign_by_hull",
        (CAMPAIGN, HULL, "_id", "role", "nsites"),
        "candidates of a campaign, nearest to the hull first",
    ),
    Index(
        CANDIDATES,
        "campaign_by_rank",
        (CAMPAIGN, "rank", "_id", "role", "is_flagged"),
        "the short list of a campaign",
    ),
    Index(
        CANDIDATES,
        "campaign_by_formation_energy",
        (CAMPAIGN, "formation_energy_per_atom", "_id", "role", "is_flagged"),
        "candidates of a campaign by formation energy",
    ),
    Index(
        CANDIDATES,
        "campaign_by_energy",
        (CAMPAIGN, "energy_per_atom", "_id", "role", "is_flagged"),
        "candidates of a campaign by energy",
    ),
    Index(
        CANDIDATES,
        "campaign_by_size",
        (CAMPAIGN, "nsites", "_id", "role", "is_flagged"),
        "candidates of a campaign by number of sites",
    ),
    Index(
        CANDIDATES,
        "campaign_by_formula",
        (CAMPAIGN, "formula_pretty", "_id", "role", "is_flagged"),
        "candidates of a campaign by formula",
    ),
)
CONDITIONS_IN_A_CAMPAIGN = (
    Index(
        CANDIDATES,
        "references_of_campaign",
        (CAMPAIGN, "role", HULL, "_id"),
        "reference phases of a campaign",
        only=(("role", "reference"),),
    ),
    Index(
        CANDIDATES,
        "flagged_of_campaign",
        (CAMPAIGN, "is_flagged", HULL, "_id", "role"),
        "flagged candidates of a campaign, nearest to the hull first",
        only=(("is_flagged", True),),
    ),
    Index(
        CANDIDATES,
        "campaign_status",
        (CAMPAIGN, "status", HULL, "_id", "role"),
        "pending_structures, counts_by status, candidates of a status",
    ),
    Index(
        CANDIDATES,
        "campaign_end",
        (CAMPAIGN, "stop_reason", HULL, "_id", "role"),
        "candidates that ended in one way, counts_by stop_reason",
    ),
    Index(
        CANDIDATES,
        "campaign_verdict",
        (CAMPAIGN, "verdict", HULL, "_id", "role"),
        "candidates of one verdict, counts_by verdict",
    ),
)
CONDITIONS_EVERYWHERE = (
    Index(
        CANDIDATES,
        "name",
        ("material_id", "_id"),
        "candidates of all campaigns by name; one candidate",
    ),
    Index(
        CANDIDATES,
        "formula_by_hull",
        ("formula_pretty", HULL, "_id", "role"),
        "candidates of a formula, in one campaign or all",
    ),
    Index(
        CANDIDATES,
        "chemical_system_by_hull",
        ("chemsys", HULL, "_id", "role"),
        "candidates of a chemical system, in one campaign or all",
    ),
    Index(
        CANDIDATES,
        ELEMENTS_INDEX,
        (ELEMENT_SETS, HULL, "_id", "role"),
        "candidates with all or any of some elements",
    ),
    Index(
        CANDIDATES,
        "space_group_by_hull",
        ("space_group_number", HULL, "_id", "role"),
        "candidates of a space group, in one campaign or all",
    ),
    Index(
        CANDIDATES,
        "flagged_by_hull",
        ("is_flagged", HULL, "_id", "role"),
        "flagged candidates of all campaigns, nearest to the hull first",
        only=(("is_flagged", True),),
    ),
    Index(
        CANDIDATES,
        "potential_by_hull",
        ("potential_fingerprint", HULL, "_id", "role"),
        "candidates relaxed by one potential; fingerprints_like",
    ),
)
ORDERS_EVERYWHERE = (
    Index(
        CANDIDATES,
        "hull",
        (HULL, "_id", "role"),
        "candidates of all campaigns, nearest to the hull first",
    ),
)
# Of two that serve a search equally, the first is taken.
CANDIDATE_INDEXES = (
    *CONDITIONS_IN_A_CAMPAIGN,
    *CONDITIONS_EVERYWHERE,
    *ORDERS_IN_A_CAMPAIGN,
    *ORDERS_EVERYWHERE,
)
