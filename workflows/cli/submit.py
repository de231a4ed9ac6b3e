"""``facet submit`` and ``facet rescore``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates
from workflows.cli.exits import REJECTED
from workflows.cli.progress import working
from workflows.cli.tables import print_json
from workflows.operations.submission import rescore_in_queue, submit_to_queue
from workflows.rows import reject_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflows.campaign import CampaignMaker
    from workflows.operations.rescore import RescoreSettings
    from workflows.settings import CampaignSettings


def run_submit(settings: CampaignSettings, category: str, *, as_json: bool, strict: bool) -> int:
    """Store a campaign, put its jobs into the queue, say what was found; return the exit code.

    Args:
        settings: The campaign.
        category: Kind of workers that take its jobs.
        as_json: Print one JSON document instead of sentences.
        strict: Return 3 when an input was rejected.

    Raises:
        FacetError: The input, the potential or the reference cannot be used.
    """
    with open_database() as database:
        with working("reading and storing candidates"):
            told = submit_to_queue(database, settings, category)
        rejected = CandidateFilter(campaign_id=told["campaign_id"], status="rejected_input")
        found = candidates(database, rejected, CandidateSort(field="material_id"))
        told["rejected"] = [reject_row(each) for each in found]
    _print(told, as_json=as_json)
    return REJECTED if strict and told["rejected"] else 0


def run_rescore(settings: RescoreSettings, maker: CampaignMaker, *, as_json: bool) -> int:
    """Store the rescoring of a campaign, put its jobs into the queue, and say so.

    Args:
        settings: What is relaxed anew.
        maker: Makes the jobs.
        as_json: Print one JSON document instead of sentences.

    Raises:
        FacetError: The potential or the campaign cannot be used.
    """
    with open_database() as database, working("choosing and storing candidates"):
        told = rescore_in_queue(database, settings, maker)
    _print({**told, "rejected": []}, as_json=as_json)
    return 0


def _print(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for line in _sentences(told):
        sys.stdout.write(f"{line}\n")


def _sentences(told: Mapping[str, Any]) -> Iterator[str]:
    crystals, key = told["crystals"], told["campaign_id"]
    for each in told["rejected"]:
        yield f"rejected: {each['rejection']}"
    again = " This was submitted before." if told["is_resubmission"] else ""
    yield f"Campaign {key}.{again}"
    yield (
        f"{crystals['num_inputs']} inputs: {crystals['num_rejected']} rejected, "
        f"{crystals['num_duplicates']} twice among them, {crystals['num_different']} different "
        f"crystals; {crystals['num_already_relaxed']} relaxed already, "
        f"{crystals['num_to_relax']} to relax."
    )
    if crystals["num_set_aside"]:
        yield (
            f"{crystals['num_set_aside']} set aside after workers were lost; "
            f"`facet retry {key} --status set_aside` tries them again."
        )
    yield _about_jobs(told)


def _about_jobs(told: Mapping[str, Any]) -> str:
    key, num_jobs = told["campaign_id"], told["num_jobs_added"]
    if told["control"] != "active":
        return f"It is {told['control']}: no jobs added; `facet resume {key}` lets it go on."
    if told["has_earlier_jobs"]:
        return "Its earlier jobs have not ended: none added."
    if num_jobs == 0:
        return f"Nothing is left to do: `facet query --campaign {key}` shows what was found."
    return f"{num_jobs} jobs added for `facet worker`; `facet status --campaign {key}` follows it."
