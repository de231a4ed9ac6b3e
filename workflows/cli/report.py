"""``facet report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from db.client import open_database
from db.documents import CampaignDoc
from db.errors import DbError
from db.queries import campaigns_find
from workflows.cli.files import check_writable
from workflows.cli.tables import print_json
from workflows.report.contents import contents_of
from workflows.report.render import write_report

if TYPE_CHECKING:
    from collections.abc import Collection

    from db.client import MongoDatabase


def run_report(campaign: str | None, named: str | None, *, html: Path | None, as_json: bool) -> int:
    """Write the report of a campaign and return the exit code.

    Args:
        campaign: Campaign id.
        named: The same, given as an option.
        html: File to write; None takes a name made of the id, or writes none beside JSON.
        as_json: Print all that the report says as JSON.

    Raises:
        DbError: Two campaigns were named, or none of several, or there is no such campaign.
        InputError: The file cannot be written.
    """
    given = {each for each in (campaign, named) if each}
    if html is not None:
        check_writable(html, ".html")
    with open_database() as database:
        contents = contents_of(database, _the_one(database, given))
    if html is None and not as_json:
        html = Path(f"facet-report-{contents.document['campaign_id']}.html")
        check_writable(html, ".html")
    if html is not None:
        write_report(html, contents)
    if as_json:
        print_json(contents.document)
    else:
        counts = contents.document["counts"]
        sys.stdout.write(
            f"{counts['flagged']} of {counts['candidates']} candidates flagged; report: {html}\n"
        )
    return 0


def _the_one(database: MongoDatabase, given: Collection[str]) -> str:
    """The campaign that is meant; the only one there is needs no name."""
    stored = campaigns_find().run(database, limit=2) if not given else ()
    found = list(given) or [CampaignDoc.from_mongo(raw).campaign_id for raw in stored]
    if len(found) != 1:
        raise DbError("Name one campaign, such as `facet report ID`; `facet status` lists them.")
    return found[0]
