"""Results of groups who run DFT elsewhere: from a file, or from a jobflow store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from db.errors import DbError
from db.follow_ups import follow_ups_of
from facet.errors import DataError
from screening.errors import ScreeningError
from screening.json_files import read_json
from workflows.dft.follow_up_maker import FOLLOW_UP
from workflows.dft.recording import record
from workflows.dft.task_documents import at
from workflows.progress import noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from jobflow import JobStore

    from db.client import MongoDatabase

TAG = "facet:"
"""Before the id of a follow-up in the tags of a task document."""

RECORDING = "record_follow_up"


@dataclass
class Imported:
    """What became of the documents that were given.

    Attributes:
        finished: Follow-ups that have a result now.
        failed: Those whose document was no result, with the reason stored.
        unmatched: Documents that name no follow-up of the campaign, each in a sentence.
    """

    finished: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)


def import_file(database: MongoDatabase, campaign_id: str, path: Path) -> Imported:
    """Record the task documents of a JSON file, plain or compressed.

    A document belongs to the follow-up whose id it stands under, or that its key ``follow_up_id``
    or one of its tags, ``facet:ID``, names; the beginning of an id is enough. In a list of several
    documents of one follow-up the last one ends the calculation.

    Args:
        database: Holds the follow-ups.
        campaign_id: The campaign.
        path: A list of task documents, or an object of them by follow-up.

    Raises:
        DataError: The file holds no such thing.
    """
    try:
        content = read_json(path)
    except ScreeningError as error:
        raise DataError(str(error)) from error
    if not isinstance(content, dict | list):
        raise DataError(f"{path.name} holds no task documents: give a JSON list of them.")
    groups = list(_given(content))
    return _import(database, campaign_id, noted(groups, "results taken over", len(groups)))


def import_store(database: MongoDatabase, campaign_id: str, store: JobStore) -> Imported:
    """Record what a jobflow store holds of a campaign's follow-ups.

    Args:
        database: Holds the follow-ups.
        campaign_id: The campaign.
        store: Where the jobs of ``facet dft submit`` left their outputs.
    """
    store.connect()
    waiting = follow_ups_of(database, campaign_id, ["approved", "submitted", "failed"])
    keys = noted((each.follow_up_id for each in waiting), "results looked for", len(waiting))
    return _import(database, campaign_id, _stored(store, keys))


def _given(content: dict[str, Any] | list[Any]) -> Iterator[tuple[str | None, list[Any]]]:
    """Yield documents with the follow-up that they name, those of one together."""
    if isinstance(content, dict) and "output" not in content:
        for key, value in content.items():
            yield key, value if isinstance(value, list) else [value]
        return
    groups: dict[str | None, list[Any]] = {}
    for each in content if isinstance(content, list) else [content]:
        groups.setdefault(_named(each), []).append(each)
    yield from groups.items()


def _stored(store: JobStore, keys: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the outputs of each follow-up in the order of time, that of our own job left out."""
    for key in keys:
        where = {f"metadata.{FOLLOW_UP}": key, "name": {"$ne": RECORDING}}
        found = list(store.query(where, ["output", "completed_at", "uuid"], load=True))
        found.sort(key=lambda each: str(each.get("completed_at")))
        documents = [each["output"] for each in found if at(each, "output", "output") is not None]
        if documents:
            yield key, documents


def _import(
    database: MongoDatabase,
    campaign_id: str,
    groups: Iterable[tuple[str | None, list[Any]]],
) -> Imported:
    told = Imported()
    known = [each.follow_up_id for each in follow_ups_of(database, campaign_id)]
    for name, documents in groups:
        matching = [key for key in known if name and key.startswith(name)]
        if len(matching) != 1 or not documents:
            told.unmatched.append(_about(name, len(matching), len(documents)))
            continue
        (key,) = matching
        try:
            status = record(database, key, documents[-1], documents)
        except DbError as error:
            told.unmatched.append(str(error))
            continue
        (told.finished if status == "finished" else told.failed).append(key)
    return told


def _named(document: Mapping[str, Any]) -> str | None:
    """Return the follow-up that a document names, if it does."""
    given = at(document, FOLLOW_UP) or at(document, "metadata", FOLLOW_UP)
    if given:
        return str(given)
    tags = [str(each) for each in at(document, "tags") or [] if str(each).startswith(TAG)]
    return tags[0].removeprefix(TAG) if tags else None


def _about(name: str | None, num_matching: int, num_documents: int) -> str:
    if name is None:
        return (
            f"{num_documents} task documents name no follow-up: put the id under which "
            f"`facet dft status` lists it into the key {FOLLOW_UP!r} or the tag '{TAG}ID'."
        )
    if num_matching > 1:
        return f"{name!r} is the beginning of {num_matching} follow-ups: give more of the id."
    return f"{name!r} is no follow-up of this campaign; `facet dft status` lists those it has."
