"""From input files to the documents of a campaign; doing it twice changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from db.blocks import blocks
from db.documents import CampaignDoc, ReferenceDoc
from db.queries import documents_by_id, known_ids
from db.writes import insert_candidates, insert_references, insert_structures, save_campaign
from workflows.competitors import competitors_of, stored_competitors
from workflows.convert import candidate_document, structure_document
from workflows.inputs import InputError, read_crystals
from workflows.inputs.names import UniqueNames
from workflows.keys import campaign_key, deciding, files_digest
from workflows.potentials import resident_potential
from workflows.progress import noted
from workflows.references import reference_document
from workflows.settings import Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from db.client import MongoDatabase
    from db.documents.fields import CandidateRole
    from facet.potential import Potential
    from screening.reference import Reference
    from workflows.competitors import Competitors
    from workflows.inputs import InputCrystal
    from workflows.settings import CampaignSettings

CRYSTALS_PER_WRITE = 500


class Submission(NamedTuple):
    """A campaign that is stored with all its crystals.

    Attributes:
        campaign: As it is stored.
        is_known: Whether the same was submitted before; then nothing was read again.
    """

    campaign: CampaignDoc
    is_known: bool


def submit(database: MongoDatabase, settings: CampaignSettings) -> Submission:
    """Store candidates, reference and campaign; what is stored already stays as it is.

    A submission that was cut off is taken up again where its crystals are not stored yet.

    Raises:
        InputError: A path does not exist, or no stored reference is named so.
        ScreeningError: The reference file cannot be used.
        CheckpointError: The potential cannot be loaded.
        DbError: The database refuses something.
    """
    _check_paths(settings)
    stored = stored_competitors(database, settings)
    potential = resident_potential(settings.potential)
    competitors = competitors_of(settings, potential.fingerprint, stored)
    if competitors.table is None:
        _check_phases(settings.reference)
    campaign = _campaign(settings, potential, competitors)
    known = _stored(database, campaign.campaign_id)
    if known is not None and known.status != "submitted":
        return Submission(known, is_known=True)
    save_campaign(database, campaign)
    names = UniqueNames()  # candidates come first, so that they keep the names they came with
    candidates = islice(read_crystals(settings.candidates), settings.limit)
    _insert(database, campaign, candidates, "candidate", names)
    if competitors.table is not None:
        _store_table(database, competitors.table, competitors.key)
    elif isinstance(settings.reference, Path):
        _insert(database, campaign, read_crystals([settings.reference]), "reference", names)
    running = campaign.model_copy(update={"status": "running"})
    save_campaign(database, running)
    return Submission(running, is_known=False)


def _store_table(database: MongoDatabase, table: Reference, key: str) -> None:
    """Store a table of phases; one that is stored is not made a document of again."""
    if not known_ids(database, ReferenceDoc, [key]):
        insert_references(database, [reference_document(table, key)])


def _check_paths(settings: CampaignSettings) -> None:
    for path in (*settings.candidates, settings.reference):
        if isinstance(path, Path) and not path.exists():
            raise InputError(f"{path} does not exist: check the path and the working folder.")


def _check_phases(reference: Path | Named) -> None:
    """Refuse a reference of crystals without any, against which nothing has a place."""
    if isinstance(reference, Named):
        return
    if not any(each.structure is not None for each in read_crystals([reference])):
        raise InputError(
            f"{reference} holds no crystal that can be read: give the competing phases, the "
            "elements among them, or a JSON file of their formation energies."
        )


def _stored(database: MongoDatabase, campaign_id: str) -> CampaignDoc | None:
    known = known_ids(database, CampaignDoc, [campaign_id])
    return next(documents_by_id(database, CampaignDoc, known), None)


def _campaign(
    settings: CampaignSettings, potential: Potential, competitors: Competitors
) -> CampaignDoc:
    asked = {
        "relax": deciding(settings.relax.to_dict()),
        "rule": settings.rule.to_dict(),
        "limit": settings.limit,
    }
    candidates = files_digest(settings.candidates)
    return CampaignDoc(
        campaign_id=campaign_key(candidates, competitors.key, potential.fingerprint, asked),
        created_at=datetime.now(UTC),
        source=", ".join(str(each) for each in settings.candidates),
        potential_name=settings.potential,
        potential_fingerprint=potential.fingerprint,
        energy_scheme=potential.energy_scheme,
        relax_settings=settings.relax.to_dict(),
        rule=settings.rule.to_dict(),
        reference_name=_reference_name(settings.reference, competitors),
        reference_scheme=competitors.scheme,
        reference_id=competitors.key if competitors.table is not None else None,
        priority=settings.priority,
        status="submitted",
    )


def _reference_name(given: Path | Named, competitors: Competitors) -> str:
    """The name of a stored reference, or the file as the user named it."""
    if isinstance(given, Named) and competitors.table is not None:
        return competitors.table.name
    return given.name


def _insert(
    database: MongoDatabase,
    campaign: CampaignDoc,
    crystals: Iterable[InputCrystal],
    role: CandidateRole,
    names: UniqueNames,
) -> None:
    """Store crystals of one role, those with a fault as rejected inputs."""
    what = "candidates" if role == "candidate" else "competing phases"
    read = noted(_named(crystals, names), f"{what} read and stored")
    for block in blocks(read, CRYSTALS_PER_WRITE):
        stored = [each.structure and structure_document(each.structure) for _, each in block]
        insert_structures(database, (each for each in stored if each is not None))
        insert_candidates(
            database,
            (
                candidate_document(each, structure, index, campaign.campaign_id, role)
                for (index, each), structure in zip(block, stored, strict=True)
            ),
        )


def _named(
    crystals: Iterable[InputCrystal], names: UniqueNames
) -> Iterator[tuple[int, InputCrystal]]:
    """Number crystals and keep the names of candidates and references apart."""
    for index, crystal in enumerate(crystals):
        yield index, replace(crystal, name=names.give(crystal.name))
