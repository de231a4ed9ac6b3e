"""What a user wants of a campaign that is stored: to go on, to wait, to end, to go first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.documents import CampaignDoc, TaskDoc
from db.errors import MissingDocumentError

if TYPE_CHECKING:
    from typing import Any

    from db.client import MongoDatabase
    from db.documents.fields import CampaignControl


def control_of(database: MongoDatabase, campaign_id: str) -> CampaignControl:
    """Return what the user wants of a campaign.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    raw = database[CampaignDoc.collection].find_one({"_id": campaign_id}, {"control": 1})
    if raw is None:
        raise _no_campaign(campaign_id)
    control: CampaignControl = raw.get("control", "active")
    return control


def set_control(database: MongoDatabase, campaign_id: str, control: CampaignControl) -> None:
    """Say what the user wants of a campaign; its jobs notice at their next heartbeat.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    _set(database, campaign_id, {"control": control})


def set_priority(database: MongoDatabase, campaign_id: str, priority: int) -> None:
    """Let a campaign go before those of lower priority, also with what it shares with them.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    _set(database, campaign_id, {"priority": priority})
    waiting = {"campaigns": {"$eq": campaign_id}, "status": "pending"}
    database[TaskDoc.collection].update_many(waiting, {"$set": {"priority": priority}})


def _set(database: MongoDatabase, campaign_id: str, fields: dict[str, Any]) -> None:
    found = database[CampaignDoc.collection].update_one({"_id": campaign_id}, {"$set": fields})
    if found.matched_count == 0:
        raise _no_campaign(campaign_id)


def _no_campaign(campaign_id: str) -> MissingDocumentError:
    return MissingDocumentError(
        f"The database holds no campaign {campaign_id!r}; `facet status` lists those it holds."
    )
