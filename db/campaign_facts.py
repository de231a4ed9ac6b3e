"""A few fields of everything in a campaign, for reports that look at all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING

from db.blocks import blocks
from db.candidate_access import PRIMARY
from db.candidate_finds import conditions
from db.documents import CandidateDoc, RelaxationDoc
from db.filters import CandidateFilter
from db.find import Find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from db.client import MongoDatabase

KEYS_PER_REQUEST = 1000
CANDIDATE_FIELDS = (
    "material_id",
    "formula_pretty",
    "chemsys",
    "status",
    "rejection",
    "stop_reason",
    "relaxation_id",
    "formation_energy_per_atom",
    "energy_above_hull",
    "hulls.dft.no_reference",
    "hulls.own.no_reference",
    "p_stable",
    "known_outcome",
    "is_flagged",
    "verdict",
    "rank",
    "choice.role",
    "gates.name",
    "gates.status",
)
RELAXATION_FIELDS = (
    "stop_reason",
    "message",
    "nsites",
    "geometry.cell",
    "device",
    "versions",
    "wall_share",
    "created_at",
)


def candidate_facts_find(campaign_id: str) -> Find:
    """Return the query for all candidates of a campaign by name."""
    where = conditions(CandidateFilter(campaign_id=campaign_id, role="candidate"))
    order = (("_id", ASCENDING),)
    return Find(CandidateDoc.collection, where, order, CANDIDATE_FIELDS, PRIMARY.name)


def candidate_facts(database: MongoDatabase, campaign_id: str) -> Iterator[dict[str, Any]]:
    """Yield what reports say of each candidate of a campaign, by name.

    Energies are in eV/atom; what is not stored is absent.
    """
    return candidate_facts_find(campaign_id).run(database)


def relaxation_facts(
    database: MongoDatabase, relaxation_ids: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Yield what reports say of relaxations, each once, in no order.

    The cell is there as its bytes unless it is kept in GridFS.
    """
    for block in blocks(sorted(set(relaxation_ids)), KEYS_PER_REQUEST):
        where = {"_id": {"$in": block}}
        yield from Find(RelaxationDoc.collection, where, fields=RELAXATION_FIELDS).run(database)
