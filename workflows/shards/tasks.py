"""Asking for relaxations: what has a result already is not asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.blocks import blocks
from db.documents import RelaxationDoc, StructureDoc, TaskDoc
from db.errors import MissingDocumentError
from db.queries import KEYS_PER_REQUEST, known_ids
from db.tasks import add_tasks, close_known, reopen, with_status
from db.transactions import server_time
from workflows.keys import relaxation_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from db.client import MongoDatabase
    from db.documents import CampaignDoc


def ask_for(
    database: MongoDatabase,
    structure_ids: Iterable[str],
    fingerprint: str,
    settings: Mapping[str, Any],
    campaign: CampaignDoc | None = None,
) -> dict[str, str]:
    """Make tasks of the crystals that these settings and potential never relaxed.

    Args:
        database: Holds crystals, tasks and results.
        structure_ids: The crystals.
        fingerprint: Of the potential.
        settings: Of the relaxation, as plain values.
        campaign: Who asks, and how urgently.

    Returns:
        The key of each task and the crystal that it is about.

    Raises:
        MissingDocumentError: A crystal is not stored.
    """
    tasks = {relaxation_key(each, fingerprint, settings): each for each in sorted(structure_ids)}
    done = with_status(database, tasks, "done")  # first: a result comes together with this
    known = known_ids(database, RelaxationDoc, tasks)
    close_known(database, known - done)
    for key in known:
        del tasks[key]
    if tasks:
        reopen(database, done & tasks.keys(), "done")  # their results were deleted
        add_tasks(database, _documents(database, tasks, fingerprint, campaign))
    return tasks


def _documents(
    database: MongoDatabase,
    tasks: Mapping[str, str],
    fingerprint: str,
    campaign: CampaignDoc | None,
) -> Iterator[TaskDoc]:
    now = server_time(database)
    for block in blocks(tasks.items(), KEYS_PER_REQUEST):
        where = {"_id": {"$in": [structure_id for _, structure_id in block]}}
        found = database[StructureDoc.collection].find(where, {"nsites": 1})
        num_sites = {raw["_id"]: raw["nsites"] for raw in found}
        for task_id, structure_id in block:
            if structure_id not in num_sites:
                raise MissingDocumentError(
                    f"The database holds no crystal {structure_id!r}; submit the campaign again, "
                    "which stores what is missing."
                )
            yield TaskDoc(
                task_id=task_id,
                structure_id=structure_id,
                potential_fingerprint=fingerprint,
                nsites=num_sites[structure_id],
                campaigns=(campaign.campaign_id,) if campaign else (),
                priority=campaign.priority if campaign else 0,
                created_at=now,
                updated_at=now,
            )
