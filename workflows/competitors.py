"""What candidates compete with: a table of formation energies, or crystals to be relaxed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from db.documents import ReferenceDoc
from db.queries import documents_by_id
from db.writes import insert_references
from screening.entry_files import load_entries
from screening.json_files import read_json
from screening.references import load_formation_energies, reference_from_energies
from screening.schemes import own_scheme
from workflows.inputs import InputError
from workflows.keys import files_digest, reference_key
from workflows.references import reference_document, reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def competitors_of(settings: CampaignSettings, fingerprint: str) -> Competitors:
    """Look at the reference of a campaign once and read it if it is a table.

    Args:
        settings: The campaign.
        fingerprint: Of the potential that relaxes the candidates.

    Raises:
        ScreeningError: The table cannot be used.
        InputError: Elemental energies were given beside crystals.
    """
    table = _table(settings)
    if table is None:
        if settings.element_energies is not None:
            raise InputError(
                f"{settings.reference} holds crystals, which bring their own elements: leave "
                f"{settings.element_energies} out, or give a JSON file of formation energies."
            )
        crystals = files_digest([settings.reference])
        return Competitors(table=None, key=crystals, scheme=own_scheme(fingerprint))
    table.check_candidates(fingerprint)
    return Competitors(table=table, key=reference_key(table), scheme=table.scheme)


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


def _table(settings: CampaignSettings) -> Reference | None:
    """Read a table of formation energies or a file of computed entries; None for crystals."""
    path = settings.reference
    if not path.is_file() or ".json" not in path.suffixes:
        return None
    content = read_json(path)
    rows = list(content.values()) if isinstance(content, dict) else content
    first = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(first, dict):
        return None
    if "e_form" in first:
        return load_formation_energies(path, settings.element_energies)
    is_entry = "energy" in first and str(first.get("@class", "")).startswith("Computed")
    return load_entries(path) if is_entry else None


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
