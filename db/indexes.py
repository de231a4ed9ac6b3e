"""Every index, each beside the query of ``db.queries`` that it serves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymongo import ASCENDING, DESCENDING, IndexModel

from db.documents import CampaignDoc, CandidateDoc, RelaxationDoc

if TYPE_CHECKING:
    from db.client import MongoDatabase

CANDIDATES = CandidateDoc.collection


@dataclass(frozen=True)
class Index:
    """One index and its reason.

    Attributes:
        collection: The collection it belongs to.
        name: Its name in the database.
        fields: Field names in order; a leading '-' means descending.
        serves: The query that needs it.
    """

    collection: str
    name: str
    fields: tuple[str, ...]
    serves: str

    def model(self) -> IndexModel:
        """Return it as pymongo wants it."""
        keys = [
            (f.lstrip("-"), DESCENDING if f.startswith("-") else ASCENDING) for f in self.fields
        ]
        return IndexModel(keys, name=self.name)


# Equality first, then the order asked for, then _id: ties keep their place from page to page, and
# no page is sorted in memory.
INDEXES = (
    Index(
        CANDIDATES,
        "campaign_by_hull",
        ("campaign_id", "energy_above_hull", "_id"),
        "candidates of a campaign, nearest to the hull first",
    ),
    Index(
        CANDIDATES,
        "campaign_by_rank",
        ("campaign_id", "rank", "_id"),
        "the short list of a campaign",
    ),
    Index(
        CANDIDATES,
        "campaign_by_name",
        ("campaign_id", "material_id", "_id"),
        "candidates of a campaign by name; one candidate",
    ),
    Index(
        CANDIDATES,
        "campaign_status",
        ("campaign_id", "status", "energy_above_hull", "_id"),
        "pending_structures, relaxed_candidates, counts_by status",
    ),
    Index(
        CANDIDATES,
        "campaign_end",
        ("campaign_id", "stop_reason", "energy_above_hull", "_id"),
        "candidates that ended in one way, counts_by stop_reason",
    ),
    Index(
        CANDIDATES,
        "chemical_system",
        ("chemsys", "campaign_id", "energy_above_hull", "_id"),
        "candidates of a chemical system, in one campaign or all",
    ),
    Index(
        CANDIDATES,
        "formula",
        ("formula_pretty", "campaign_id", "energy_above_hull", "_id"),
        "candidates of a formula, in one campaign or all",
    ),
    Index(
        CANDIDATES,
        "elements",
        ("elements", "campaign_id", "energy_above_hull", "_id"),
        "candidates with all or any of some elements",
    ),
    Index(
        CANDIDATES,
        "hull",
        ("energy_above_hull", "_id"),
        "candidates of all campaigns, nearest to the hull first",
    ),
    Index(
        CANDIDATES,
        "name",
        ("material_id", "_id"),
        "candidates of all campaigns by name",
    ),
    Index(
        RelaxationDoc.collection,
        "structure_potential",
        ("structure_id", "potential_fingerprint"),
        "relaxations_of some structures",
    ),
    Index(
        CampaignDoc.collection,
        "latest",
        ("-updated_at",),
        "latest_campaign",
    ),
)


def ensure_indexes(database: MongoDatabase) -> None:
    """Create every index that is not there yet; existing ones cost nothing."""
    by_collection: defaultdict[str, list[IndexModel]] = defaultdict(list)
    for index in INDEXES:
        by_collection[index.collection].append(index.model())
    for collection, models in by_collection.items():
        database[collection].create_indexes(models)
