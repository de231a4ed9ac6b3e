"""Where references come from: files of energies, a campaign's own hull, the Materials Project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from db.documents import ReferenceDoc
from db.queries import documents_by_id
from screening.entry_files import entries_in
from screening.errors import ScreeningError
from screening.json_files import read_json
from screening.materials_project import materials_project_reference, open_materials_project
from screening.reference import UNKNOWN, Coverage, Reference
from screening.references import formation_energies_in
from workflows.operations.queue import stored_campaign
from workflows.progress import report
from workflows.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import SecretStr

    from db.client import MongoDatabase

CAMPAIGN = "campaign:"
"""Begins the name of a source that is the hull of a stored campaign: ``campaign:ID``."""


@dataclass(frozen=True)
class ReferenceSources:
    """What a reference is to be made of, and what the user says of it.

    Attributes:
        sources: Files, and ``campaign:ID`` for the hull that a campaign was measured against.
        systems: Chemical systems to fetch from the Materials Project, such as "Fe-Li-O".
        key: The user's key for the Materials Project.
        element_energies: File of the zeros of formation energies; None looks beside the source.
        date: When the energies were compiled; None keeps what the source says.
        license: Terms under which they are given; None keeps what the source says.
        is_complete: Whether these are all phases that are known.
    """

    sources: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    key: SecretStr | None = None
    element_energies: Path | None = None
    date: str | None = None
    license: str | None = None
    is_complete: bool = False

    def saying(
        self, date: str | None, license_name: str | None, *, is_complete: bool
    ) -> ReferenceSources:
        """Return the same sources with what the user says of them."""
        return replace(self, date=date, license=license_name, is_complete=is_complete)


def read_reference(database: MongoDatabase, name: str, asked: ReferenceSources) -> Reference:
    """Read every source and join what they hold into one reference.

    Raises:
        ScreeningError: There is no source, one cannot be used, or they do not belong together.
        MissingDocumentError: There is no such campaign.
    """
    parts = [_read_source(database, each, asked) for each in asked.sources]
    if asked.systems:
        with open_materials_project(_text(asked.key)) as client:
            parts.append(materials_project_reference(client, asked.systems, tell=report))
    if not parts:
        raise ScreeningError(
            "A reference needs a source: give a JSON file of entries or of formation energies, "
            "campaign:ID, or --materials-project with chemical systems."
        )
    joined = reduce(Reference.joined, parts)
    return replace(
        joined,
        name=name,
        date=asked.date or _together(each.date for each in parts),
        license=asked.license or _together(each.license for each in parts),
        source=_together(each.source for each in parts),
        coverage=Coverage.ALL_KNOWN if asked.is_complete else joined.coverage,
    )


def _read_source(database: MongoDatabase, source: str, asked: ReferenceSources) -> Reference:
    if source.startswith(CAMPAIGN):
        return _campaign_hull(database, source.removeprefix(CAMPAIGN))
    path = Path(source)
    content = read_json(path)
    rows = list(content.values()) if isinstance(content, dict) else content
    first = rows[0] if isinstance(rows, list) and rows else None
    if isinstance(first, dict) and "e_form" in first:
        elements, some = asked.element_energies, Coverage.SUPPLIED
        return formation_energies_in(content, path, elements, coverage=some)
    return entries_in(content, path, tell=report)


def _campaign_hull(database: MongoDatabase, campaign_id: str) -> Reference:
    """Return what the candidates of a finished campaign were measured against."""
    campaign = stored_campaign(database, campaign_id)
    key = campaign.summary.get("reference_id") or campaign.reference_id
    if key is None:
        raise ScreeningError(
            f"Campaign {campaign_id} has no hull yet: wait until it is screened, or give a file."
        )
    (stored,) = documents_by_id(database, ReferenceDoc, [str(key)])
    return replace(reference_of(stored), source=f"hull of campaign {campaign_id}")


def _together(words: Iterable[str]) -> str:
    """Join what several sources say, each once."""
    said = dict.fromkeys(words)
    return " and ".join(said) or UNKNOWN


def _text(key: SecretStr | None) -> str:
    return key.get_secret_value() if key is not None else ""
