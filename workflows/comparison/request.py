"""What a comparison is asked for, and the crystals that this means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from db.documents import StructureDoc
from db.documents.comparison import ComparisonDoc
from db.queries import documents_by_id
from db.writes import insert_documents
from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from workflows.comparison.computing import Work
from workflows.comparison.pool import pool_crystals
from workflows.comparison.sampling import candidates_of, phases_of, sampled
from workflows.keys import comparison_key
from workflows.operations.queue import stored_campaign

if TYPE_CHECKING:
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from workflows.comparison.peers import Peer
    from workflows.comparison.sampling import Stratum

POOL = "pool.npz.xz"


@dataclass(frozen=True)
class CompareSettings:
    """One comparison as the user asks for it.

    Attributes:
        campaign_id: The campaign whose candidates are compared, with its settings and its rule.
        peers: The potentials; the others are compared with the first.
        sample: Compare at most this many candidates.
        stratify: Spread the sample over chemical systems or numbers of elements.
        pool: Relaxed crystals on which energies are aligned; None takes the reference phases.
        device: Where potentials run; None where they would by themselves.
    """

    campaign_id: str
    peers: tuple[Peer, ...]
    sample: int | None = None
    stratify: Stratum = "none"
    pool: Path | None = None
    device: str | None = None


@dataclass(frozen=True)
class Comparison:
    """A comparison with its crystals.

    Attributes:
        document: What is stored of it.
        campaign: The campaign.
        candidates: The candidates that are compared, by name.
        phases: Crystals of the campaign's reference that can matter to them.
        pool: Keys of crystals that energies are aligned on, where there are any.
        works: All that has to be computed.
    """

    document: ComparisonDoc
    campaign: CampaignDoc
    candidates: list[CandidateDoc]
    phases: list[CandidateDoc]
    pool: tuple[str, ...]
    works: tuple[Work, ...]

    @property
    def settings(self) -> RelaxSettings:
        """How candidates and phases are relaxed."""
        return RelaxSettings.from_dict(self.campaign.relax_settings)


AS_THEY_ARE = RelaxSettings(max_steps=0)
"""Energies of crystals where they are, for the alignment."""


def comparison_of(database: MongoDatabase, settings: CompareSettings) -> Comparison:
    """Look up campaign and candidates, and store what is not stored yet of the comparison.

    Raises:
        DbError: There is no such campaign.
        ConfigError: It has no candidate to compare, or the pool is not there.
    """
    campaign = stored_campaign(database, settings.campaign_id)
    chosen = sampled(
        candidates_of(database, campaign.campaign_id), settings.sample, settings.stratify
    )
    if not chosen:
        raise ConfigError(
            f"Campaign {campaign.campaign_id} has no candidate that could be read; submit files "
            "with crystals."
        )
    phases = phases_of(database, campaign.campaign_id, chosen)
    pool = _pool(database, settings, chosen)
    relax = RelaxSettings.from_dict(campaign.relax_settings)
    works = [Work("candidates", _keys(chosen), relax), Work("phases", _keys(phases), relax)]
    works += [Work("alignment", pool, AS_THEY_ARE)]
    document = _document(database, settings, campaign, chosen)
    _note_pool(database, document.comparison_id, pool)
    return Comparison(document, campaign, chosen, phases, pool, tuple(works))


def store_runs(
    database: MongoDatabase, comparison: Comparison, runs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Keep what portions cost; return those of this comparison so far."""
    collection = database[ComparisonDoc.collection]
    key = {"_id": comparison.document.comparison_id}
    if runs:
        collection.update_one(key, {"$push": {"runs": {"$each": runs}}})
    stored = collection.find_one(key) or {}
    return list(stored.get("runs", []))


def _document(
    database: MongoDatabase,
    settings: CompareSettings,
    campaign: CampaignDoc,
    chosen: list[CandidateDoc],
) -> ComparisonDoc:
    names = tuple(each.material_id for each in chosen)
    fingerprints = [each.fingerprint for each in settings.peers]
    document = ComparisonDoc(
        comparison_id=comparison_key(campaign.campaign_id, names, fingerprints),
        campaign_id=campaign.campaign_id,
        created_at=datetime.now(UTC),
        peers=tuple(each.to_dict() for each in settings.peers),
        material_ids=names,
    )
    insert_documents(database, ComparisonDoc, [document])
    return document


def _note_pool(database: MongoDatabase, comparison_id: str, pool: tuple[str, ...]) -> None:
    """Say what energies were aligned on, so that an archive holds it too."""
    added = {"$addToSet": {"pool": {"$each": list(pool)}}}
    database[ComparisonDoc.collection].update_one({"_id": comparison_id}, added)


def _pool(
    database: MongoDatabase, settings: CompareSettings, chosen: list[CandidateDoc]
) -> tuple[str, ...]:
    if settings.pool is None:
        return ()
    if not settings.pool.exists():
        raise ConfigError(
            f"{settings.pool} does not exist; give relaxed crystals with --pool, or leave it out: "
            "energies are then aligned on the reference phases."
        )
    stored = documents_by_id(database, StructureDoc, _keys(chosen))
    return tuple(each.structure_id for each in pool_crystals(database, settings.pool, list(stored)))


def _keys(crystals: list[CandidateDoc]) -> tuple[str, ...]:
    return tuple(sorted({str(each.structure_id) for each in crystals}))
