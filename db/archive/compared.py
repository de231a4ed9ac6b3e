"""What comparisons add to an archive: the results of other potentials on the same crystals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.documents import CandidateDoc, RelaxationDoc
from db.documents.comparison import ComparisonDoc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.client import MongoDatabase


@dataclass(frozen=True)
class Compared:
    """What the comparisons of some campaigns refer to.

    Attributes:
        fingerprints: SHA-256 of every potential that was compared.
        pool: Crystals beside those of the campaigns that energies were aligned on.
    """

    fingerprints: tuple[str, ...]
    pool: tuple[str, ...]

    def unions(self, mine: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Stages that add the keys of all results of these potentials as ``relaxation_id``.

        Args:
            mine: Condition on the candidates that were compared.
        """
        if not self.fingerprints:
            return []
        theirs = {"potential_fingerprint": {"$in": list(self.fingerprints)}}
        of_candidates: list[dict[str, Any]] = [
            {"$match": mine},
            {
                "$lookup": {
                    "from": RelaxationDoc.collection,
                    "localField": "structure_id",
                    "foreignField": "structure_id",
                    "pipeline": [{"$match": theirs}, {"$project": {"_id": 1}}],
                    "as": "result",
                }
            },
            {"$unwind": "$result"},
            {"$project": {"relaxation_id": "$result._id"}},
        ]
        of_pool: list[dict[str, Any]] = [
            {"$match": {"structure_id": {"$in": list(self.pool)}, **theirs}},
            {"$project": {"relaxation_id": "$_id"}},
        ]
        return [
            _union(CandidateDoc.collection, of_candidates),
            _union(RelaxationDoc.collection, of_pool),
        ]


def compared_in(database: MongoDatabase, campaign_ids: Sequence[str]) -> Compared:
    """Look at the comparisons of some campaigns."""
    where = {"campaign_id": {"$in": list(campaign_ids)}}
    found = list(database[ComparisonDoc.collection].find(where, {"peers": 1, "pool": 1}))
    fingerprints = {str(peer["fingerprint"]) for raw in found for peer in raw["peers"]}
    pool = {str(key) for raw in found for key in raw.get("pool", ())}
    return Compared(tuple(sorted(fingerprints)), tuple(sorted(pool)))


def _union(collection: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"$unionWith": {"coll": collection, "pipeline": stages}}
