"""The candidates of a campaign relaxed anew with another potential, those near the hull first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from db.documents import CampaignDoc, CandidateDoc, CandidateOutcome, ReferenceDoc
from db.filters import CandidateFilter, CandidateSort
from db.priorities import raise_priorities
from db.queries import candidates, documents_by_id, known_ids
from db.writes import insert_candidates, save_campaign
from facet.errors import ConfigError
from screening.schemes import own_scheme
from workflows.keys import campaign_key, relaxation_key
from workflows.operations.queue import stored_campaign
from workflows.potentials import resident_potential
from workflows.progress import noted
from workflows.references import reference_of
from workflows.submit import Submission

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.client import MongoDatabase
    from facet.potential import Potential

NUM_RANKS = 10
"""Steps of priority, from the nearest candidates down to the farthest."""


@dataclass(frozen=True)
class RescoreSettings:
    """What is relaxed anew.

    Attributes:
        parent: The campaign whose candidates and reference are taken.
        potential: Bundled name or path of the other potential.
        max_above_hull: Only candidates this close to the parent's hull, in eV/atom.
        limit: At most this many candidates.
        priority: Campaigns of higher priority go first.
    """

    parent: str
    potential: str
    max_above_hull: float | None = None
    limit: int | None = None
    priority: int = 0


def rescore(database: MongoDatabase, settings: RescoreSettings) -> Submission:
    """Store the campaign that relaxes the candidates of another one with another potential.

    It takes stored crystals only. Rejected inputs stay with the parent.

    Raises:
        MissingDocumentError: There is no such campaign.
        ConfigError: The potential is the parent's own, or distances are not known yet.
        ScreeningError: The parent's reference holds energies of the parent's potential.
    """
    parent = stored_campaign(database, settings.parent)
    if settings.max_above_hull is not None and parent.status != "finished":
        raise ConfigError(
            f"Campaign {settings.parent} is not screened yet, so that no distance to its hull is "
            "known: wait for its end, or leave --max-above-hull out."
        )
    potential = resident_potential(settings.potential)
    if potential.fingerprint == parent.potential_fingerprint:
        raise ConfigError(
            f"Campaign {settings.parent} was relaxed with {settings.potential} already; give "
            "another potential."
        )
    campaign = _campaign(database, settings, parent, potential)
    if known_ids(database, CampaignDoc, [campaign.campaign_id]):
        known = stored_campaign(database, campaign.campaign_id)
        if known.status != "submitted":
            return Submission(known, is_known=True)
    save_campaign(database, campaign)
    phases = _anew(_reference_rows(database, parent), campaign)
    insert_candidates(database, noted(phases, "competing phases stored"))
    nearest = _anew(_nearest(database, settings), campaign)
    insert_candidates(
        database, noted(nearest, "candidates stored", _num_foreseen(settings, parent))
    )
    running = campaign.model_copy(update={"status": "running"})
    save_campaign(database, running)
    return Submission(running, is_known=False)


def in_order(
    database: MongoDatabase, settings: RescoreSettings, campaign: CampaignDoc
) -> list[str]:
    """Return the crystals of a rescoring in the order in which they are wanted.

    Reference phases come first, for without them there is no hull, then candidates by their
    distance to the parent's hull. The priorities of their tasks follow this order.
    """
    parent = stored_campaign(database, settings.parent)
    phases = _structures(_reference_rows(database, parent))
    nearest = _structures(_nearest(database, settings))
    ordered = list(dict.fromkeys([*phases, *nearest]))
    groups = {campaign.priority + NUM_RANKS: phases, **_ranked(nearest, campaign.priority)}
    for priority, crystals in noted(groups.items(), "groups put in order", len(groups)):
        keys = [_key(each, campaign) for each in crystals]
        raise_priorities(database, keys, priority)
    return ordered


def _campaign(
    database: MongoDatabase, settings: RescoreSettings, parent: CampaignDoc, potential: Potential
) -> CampaignDoc:
    scheme = own_scheme(potential.fingerprint)
    if parent.reference_id is not None:
        (stored,) = documents_by_id(database, ReferenceDoc, [parent.reference_id])
        table = reference_of(stored)
        table.check_candidates(potential.fingerprint)
        scheme = table.scheme
    source = f"campaign {settings.parent}"
    asked = {"max_above_hull": settings.max_above_hull, "limit": settings.limit}
    key = campaign_key(source, parent.reference_id or source, potential.fingerprint, asked)
    return CampaignDoc(
        campaign_id=key,
        created_at=datetime.now(UTC),
        source=parent.source,
        potential_name=settings.potential,
        potential_fingerprint=potential.fingerprint,
        energy_scheme=potential.energy_scheme,
        relax_settings=parent.relax_settings,
        rule=parent.rule,
        reference_name=parent.reference_name,
        reference_scheme=scheme,
        reference_id=parent.reference_id,
        parent=settings.parent,
        priority=settings.priority,
        status="submitted",
    )


def _num_foreseen(settings: RescoreSettings, parent: CampaignDoc) -> int | None:
    """How many candidates are taken, where a look at the parent tells."""
    if settings.max_above_hull is not None or "candidates" not in parent.counts:
        return None
    num_crystals = parent.counts["candidates"] - parent.counts.get("rejected_input", 0)
    return num_crystals if settings.limit is None else min(settings.limit, num_crystals)


def _reference_rows(database: MongoDatabase, parent: CampaignDoc) -> Iterator[CandidateDoc]:
    where = CandidateFilter(campaign_id=parent.campaign_id, role="reference")
    yield from candidates(database, where, CandidateSort(field="material_id"))


def _nearest(database: MongoDatabase, settings: RescoreSettings) -> Iterator[CandidateDoc]:
    """Candidates of the parent, nearest to its hull first; those without a distance come last."""
    where = CandidateFilter(
        campaign_id=settings.parent,
        role="candidate",
        max_energy_above_hull=settings.max_above_hull,
    )
    found = candidates(database, where, CandidateSort(field="energy_above_hull"))
    crystals = (each for each in found if each.structure_id is not None)
    yield from islice(crystals, settings.limit)


def _anew(rows: Iterator[CandidateDoc], campaign: CampaignDoc) -> Iterator[CandidateDoc]:
    """Rows of another campaign as they were before anything was learned of them."""
    learned = set(CandidateOutcome.model_fields)
    for each in rows:
        if each.structure_id is not None:
            fields = each.model_dump(exclude=learned)
            yield CandidateDoc.model_validate({**fields, "campaign_id": campaign.campaign_id})


def _structures(rows: Iterator[CandidateDoc]) -> list[str]:
    return [each.structure_id for each in rows if each.structure_id is not None]


def _ranked(nearest: Sequence[str], lowest: int) -> dict[int, list[str]]:
    """Cut an order into ranks of equal size, each with its priority."""
    size = -(-len(nearest) // NUM_RANKS) or 1
    return {
        lowest + NUM_RANKS - 1 - index: list(nearest[index * size : (index + 1) * size])
        for index in range(NUM_RANKS)
    }


def _key(structure_id: str, campaign: CampaignDoc) -> str:
    return relaxation_key(structure_id, campaign.potential_fingerprint, campaign.relax_settings)
