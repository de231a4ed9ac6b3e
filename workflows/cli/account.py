"""``facet account``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.client import open_database
from db.errors import MissingDocumentError
from db.queries import latest_campaign
from workflows.accounting import account
from workflows.cli.account_text import account_lines
from workflows.cli.tables import print_answer
from workflows.operations.queue import stored_campaign

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from db.documents import CampaignDoc


def run_account(campaign_id: str | None, watts: float | None, *, as_json: bool) -> int:
    """Print what a campaign cost and return the exit code.

    Args:
        campaign_id: The campaign; None takes the one that was saved last.
        watts: Power of one GPU, or of one core; None looks it up.
        as_json: Print JSON.

    Raises:
        MissingDocumentError: There is no such campaign, or none at all.
    """
    with open_database() as database:
        known = _latest(database) if campaign_id is None else stored_campaign(database, campaign_id)
        told = account(database, known.campaign_id, watts)
    head = f"Campaign {known.campaign_id} ({known.source})"
    lines = (head, *account_lines(told), told["terms"])
    return print_answer(told, "\n".join(lines), as_json=as_json)


def _latest(database: MongoDatabase) -> CampaignDoc:
    campaign = latest_campaign(database)
    if campaign is None:
        raise MissingDocumentError("The database holds no campaign yet; run `facet screen` first.")
    return campaign
