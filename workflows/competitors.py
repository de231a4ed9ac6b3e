"""What candidates compete with: a table of formation energies, or crystals to be relaxed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from db.documents import ReferenceDoc
from db.errors import MissingDocumentError
from db.queries import documents_by_id
from db.reference_names import find_reference
from db.writes import insert_references
from screening.entry_files import entries_in
from screening.json_files import read_json
from screening.references import formation_energies_in, reference_from_energies
from screening.schemes import own_scheme
from workflows.inputs import InputError
from workflows.keys import files_digest, reference_key
from workflows.references import reference_document, reference_of
from workflows.settings import Named

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from screening.reference import Reference
    from workflows.findings import Relaxed
    from workflows.settings import CampaignSettings


@dataclass(frozen=True)
class Competitors:
    """What a campaign was given as its reference.

    Attributes:
        table: Known formation energies; None where crystals are to be relaxed instead.
        key: Changes with every number of the table, or with every byte of the crystals' files.
        scheme: Energy scheme of the hull.
    """

    table: Reference | None
    key: str
    scheme: str


def stored_competitors(database: MongoDatabase, settings: CampaignSettings) -> ReferenceDoc | None:
    """Return the stored reference that a campaign names, None where it gives files.

    Raises:
        InputError: There is none, or elemental energies were given beside it.
    """
    asked = settings.reference
    if not isinstance(asked, Named):
        return None
    if settings.element_energies is not None:
        raise InputError(
            f"The stored reference {asked.name!r} brings its own elements: leave "
            f"{settings.element_energies} out."
        )
    return named_reference(database, asked.name)


def named_reference(database: MongoDatabase, text: str) -> ReferenceDoc:
    """Return the stored reference of a name or id that is no path.

    Raises:
        InputError: There is none.
    """
    try:
        return find_reference(database, text)
    except MissingDocumentError as error:
        raise InputError(
            f"{text!r} is neither a file or folder nor a stored reference: check the path, or "
            "choose one that `facet reference list` shows."
        ) from error


def competitors_of(
    settings: CampaignSettings, fingerprint: str, stored: ReferenceDoc | None = None
) -> Competitors:
    """Look at the reference of a campaign once and read it if it is a table.

    Args:
        settings: The campaign.
        fingerprint: Of the potential that relaxes the candidates.
        stored: What ``stored_competitors`` found; None where the campaign gives files.

    Raises:
        ScreeningError: The table cannot be used.
        InputError: Elemental energies were given beside crystals, or what is named was not found.
    """
    if stored is not None:
        return _of_table(reference_of(stored), fingerprint)
    if isinstance(settings.reference, Named):
        raise InputError(
            f"The reference {settings.reference.name!r} is a name, which only a database knows: "
            "give its file."
        )
    table = _table(settings.reference, settings.element_energies)
    if table is None:
        if settings.element_energies is not None:
            raise InputError(
                f"{settings.reference} holds crystals, which bring their own elements: leave "
                f"{settings.element_energies} out, or give a JSON file of formation energies."
            )
        crystals = files_digest([settings.reference])
        return Competitors(table=None, key=crystals, scheme=own_scheme(fingerprint))
    return _of_table(table, fingerprint)


def reference_for(
    database: MongoDatabase, campaign: CampaignDoc, phases: Iterable[Relaxed]
) -> Reference:
    """The stored table of a campaign, or the own energies of its converged reference phases."""
    if campaign.reference_id is not None:
        (stored,) = documents_by_id(database, ReferenceDoc, [campaign.reference_id])
        return reference_of(stored)
    reference = _own_reference(campaign, list(phases))
    insert_references(database, [reference_document(reference)])
    return reference


def _of_table(table: Reference, fingerprint: str) -> Competitors:
    table.check_candidates(fingerprint)
    return Competitors(table=table, key=reference_key(table), scheme=table.scheme)


def _table(path: Path, element_energies: Path | None) -> Reference | None:
    """Read a table of formation energies or a file of computed entries; None for crystals."""
    if not path.is_file() or ".json" not in path.suffixes:
        return None
    content = read_json(path)
    rows = list(content.values()) if isinstance(content, dict) else content
    first = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(first, dict):
        return None
    if "e_form" in first:
        return formation_energies_in(content, path, element_energies)
    is_entry = "energy" in first and str(first.get("@class", "")).startswith("Computed")
    return entries_in(content, path) if is_entry else None


def _own_reference(campaign: CampaignDoc, phases: list[Relaxed]) -> Reference:
    """Phases that did not converge have no place; they are listed with those without elements."""
    reference = reference_from_energies(
        str(campaign.reference_name),
        own_scheme(campaign.potential_fingerprint),
        (
            (each.material_id, each.structure.composition, each.energy.total)
            for each in phases
            if each.energy is not None and each.is_converged
        ),
    )
    failed = {
        each.material_id: f"{each.origin}: {each.fault or each.relaxation.message}"
        for each in phases
        if each.energy is None or not each.is_converged
    }
    return replace(reference, omitted={**reference.omitted, **failed})
