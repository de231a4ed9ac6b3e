"""``facet screen``."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.documents import ReferenceDoc
from db.filters import CandidateFilter, CandidateSort
from db.indexes import ensure_indexes
from db.queries import candidates, documents_by_id
from db.writes import save_campaign
from workflows.campaign import run_campaign, work_of
from workflows.cli.exits import REJECTED, UNFINISHED
from workflows.cli.files import check_writable
from workflows.cli.progress import progress, working
from workflows.cli.screen_text import print_screened
from workflows.cli.stopping import stopping_in_order
from workflows.cli.tables import print_json
from workflows.controls import read_controls, recovered_controls
from workflows.errors import UnfinishedError
from workflows.progress import listening
from workflows.report.page import write_page
from workflows.rows import campaign_row, candidate_row, reject_row
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from workflows.campaign import Work
    from workflows.settings import CampaignSettings
    from workflows.submit import Submission

INTERRUPTED = (
    "Interrupted: what was relaxed is stored; the same command relaxes the rest and screens.\n"
)


def run_screen(
    settings: CampaignSettings,
    *,
    controls: Path | None,
    html: Path | None,
    as_json: bool,
    strict: bool,
) -> int:
    """Screen candidates, print the ranked table, and return the exit code.

    Args:
        settings: The campaign.
        controls: JSON list of compounds known to exist; None skips the count.
        html: Where to write the table as a web page; None writes none.
        as_json: Print JSON instead of a table.
        strict: Return 3 when an input was rejected.

    Raises:
        InputError: A path does not exist or cannot be written, or the controls cannot be read.
    """
    known = read_controls(controls) if controls is not None else None
    if html is not None:
        check_writable(html, ".html")
    try:
        with open_database() as database:
            document = _screened(database, settings, known)
    except (KeyboardInterrupt, SystemExit):  # the keyboard, or the signal to terminate
        sys.stderr.write(INTERRUPTED)
        return UNFINISHED
    except UnfinishedError as error:
        sys.stderr.write(f"{error}\n")
        return UNFINISHED
    if html is not None:
        write_page(html, document)
    if as_json:
        print_json(document)
    else:
        print_screened(document, html)
    return _exit_code(document, strict=strict)


def _screened(
    database: MongoDatabase, settings: CampaignSettings, controls: Mapping[str, str] | None
) -> dict[str, Any]:
    """Run a campaign and return everything that is said of it."""
    started = perf_counter()
    with working("reading and storing candidates"):
        ensure_indexes(database)
        submission = submit(database, settings)
        work = work_of(database, submission.campaign)
    _announce(submission, work)
    with progress(len(work.missing)) as advance, listening(advance), stopping_in_order():
        campaign = run_campaign(database, submission.campaign, work, settings.shard_size)
    seconds = round(perf_counter() - started, 1)
    campaign = _with_extras(database, campaign, seconds if work.missing else 0.0, controls)
    return {
        **campaign_row(campaign),
        "run": {
            "is_resubmission": submission.is_known,
            "num_relaxed": len(work.missing),
            "num_already_relaxed": work.num_known,
            "wall_time_seconds": seconds,
        },
        "rejected": _rejects(database, campaign),
        "omitted_phases": _omitted(database, campaign),
        "candidates": _flagged(database, campaign),
    }


def _announce(submission: Submission, work: Work) -> None:
    """Say what need not be done again."""
    if submission.is_known:
        campaign_id = submission.campaign.campaign_id
        sys.stderr.write(f"This was submitted before, as campaign {campaign_id}.\n")
    if work.num_known:
        sys.stderr.write(
            f"{work.num_known} of {work.num_structures} crystals are relaxed already; "
            f"{len(work.missing)} to relax.\n"
        )


def _with_extras(
    database: MongoDatabase,
    campaign: CampaignDoc,
    seconds: float,
    controls: Mapping[str, str] | None,
) -> CampaignDoc:
    """Add to the summary the seconds of all runs that relaxed something, and the controls."""
    before = float(str(campaign.summary.get("wall_time_seconds", 0.0)))
    extras: dict[str, Any] = {"wall_time_seconds": round(before + seconds, 1)}
    if controls is not None:
        extras["controls"] = recovered_controls(database, campaign.campaign_id, controls)
    campaign = campaign.model_copy(update={"summary": {**campaign.summary, **extras}})
    save_campaign(database, campaign)
    return campaign


def _flagged(database: MongoDatabase, campaign: CampaignDoc) -> list[dict[str, Any]]:
    where = CandidateFilter(campaign_id=campaign.campaign_id, role="candidate", is_flagged=True)
    found = candidates(database, where, CandidateSort(field="rank"))
    return [candidate_row(each) for each in found]


def _rejects(database: MongoDatabase, campaign: CampaignDoc) -> list[dict[str, Any]]:
    """Inputs of any role that make no crystal, and candidates that the potential cannot relax."""
    here = CandidateFilter(campaign_id=campaign.campaign_id)
    kinds = (
        here.model_copy(update={"status": "rejected_input"}),
        here.model_copy(update={"stop_reason": "unsupported", "role": "candidate"}),
    )
    by_name = CandidateSort(field="material_id")
    return [reject_row(each) for kind in kinds for each in candidates(database, kind, by_name)]


def _omitted(database: MongoDatabase, campaign: CampaignDoc) -> dict[str, str]:
    """Supplied phases that have no place in the hull, each with the reason."""
    if campaign.reference_id is not None:  # a table: every phase of it has its place
        return {}
    (reference,) = documents_by_id(database, ReferenceDoc, [str(campaign.summary["reference_id"])])
    return {each.phase_id: each.reason for each in reference.omitted}


def _exit_code(document: Mapping[str, Any], *, strict: bool) -> int:
    counts = document["counts"]
    if counts["candidates"] == counts["rejected_input"]:
        sys.stderr.write("0 candidates could be read; check the path and the rejected inputs.\n")
    if document["status"] != "finished":
        return UNFINISHED
    return REJECTED if strict and document["rejected"] else 0
