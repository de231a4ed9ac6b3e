"""``facet approve`` and ``facet dft``."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.writes import insert_references
from screening.references import load_formation_energies
from workflows.cli.dft_text import lessons, print_follow_ups, print_proposals
from workflows.cli.progress import working
from workflows.cli.tables import print_answer, print_json
from workflows.competitors import named_reference
from workflows.dft.approval import Calculation, Wishes, approve_within, decide_on
from workflows.dft.frames import export_frames
from workflows.dft.importing import import_file, import_store
from workflows.dft.loop import update
from workflows.dft.makers import MATERIALS_PROJECT
from workflows.dft.rows import follow_up_row, proposal_rows, status_document
from workflows.dft.submission import fail_fizzled, submit_follow_ups
from workflows.launch import job_store
from workflows.operations.queue import stored_campaign
from workflows.references import reference_document

if TYPE_CHECKING:
    from db.client import MongoDatabase

UNKNOWN_USER = "unknown"


@dataclass(frozen=True)
class Decision:
    """What a person says of candidates.

    Attributes:
        approve: Names of those to calculate.
        reject: Names of those not to calculate.
        is_automatic: Whether what is worth most under the budget is approved too.
        budget: Core-hours of the whole campaign; None takes that of the rule.
        maker: Import path of the DFT Maker; None takes that of the Materials Project.
        num_antiferromagnetic: Most antiferromagnetic orderings of each.
        by: Who decides; None takes the user of this process.
    """

    approve: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    is_automatic: bool = False
    budget: float | None = None
    maker: str | None = None
    num_antiferromagnetic: int = 0
    by: str | None = None


def run_proposals(campaign_id: str, budget: float | None, *, as_json: bool) -> int:
    """Show what could be approved, best first; return the exit code."""
    with open_database() as database:
        rows = proposal_rows(database, stored_campaign(database, campaign_id), budget)
    if as_json:
        print_json({"campaign_id": campaign_id, "proposals": rows})
        return 0
    print_proposals(campaign_id, rows)
    return 0


def run_approve(campaign_id: str, decision: Decision, *, as_json: bool) -> int:
    """Approve and reject candidates, say which, and return the exit code.

    Raises:
        FollowUpError: A name is unknown, or nothing limits what is approved unseen.
    """
    by = decision.by or _user()
    path = decision.maker or MATERIALS_PROJECT
    calculation = Calculation(path, decision.num_antiferromagnetic)
    with open_database() as database:
        campaign = stored_campaign(database, campaign_id)
        wishes = Wishes(approve=decision.approve, reject=decision.reject)
        approved, rejected = decide_on(database, campaign, wishes, calculation, by)
        if decision.is_automatic:
            approved += approve_within(database, campaign, decision.budget, calculation)
    told = {
        "campaign_id": campaign_id,
        "approved": [follow_up_row(each, campaign_id) for each in approved],
        "rejected": [follow_up_row(each, campaign_id) for each in rejected],
        "core_hours": sum(each.cost for each in approved),
    }
    text = (
        f"{len(approved)} calculations approved, about {told['core_hours']:.3g} core-hours; "
        f"{len(rejected)} rejected. `facet dft submit {campaign_id}` puts them into the queue."
    )
    return print_answer(told, text, as_json=as_json)


def run_submit(campaign_id: str, maker: str | None, category: str, *, as_json: bool) -> int:
    """Put approved calculations into the queue, say so, and return the exit code.

    Raises:
        FollowUpError: The Maker cannot be had.
    """
    with open_database() as database:
        campaign = stored_campaign(database, campaign_id)
        submitted = submit_follow_ups(database, campaign, maker, category)
    told = {"campaign_id": campaign_id, **submitted._asdict()}
    text = (
        f"{len(submitted.new)} calculations added for workers of the category {category!r}, "
        f"{len(submitted.rerun)} run again, {len(submitted.known)} were there already."
    )
    return print_answer(told, text, as_json=as_json)


def run_status(campaign_id: str, *, as_json: bool) -> int:
    """Show the follow-ups of a campaign; return the exit code."""
    with open_database() as database:
        fail_fizzled(database, campaign_id)
        told = status_document(database, stored_campaign(database, campaign_id))
    if as_json:
        print_json(told)
        return 0
    print_follow_ups(told)
    for line in lessons(told["learned"] or {}):
        sys.stdout.write(f"{line}\n")
    return 0


def run_import(campaign_id: str, file: Path | None, store: Path | None, *, as_json: bool) -> int:
    """Take over results, learn from them, say what came of it, and return the exit code.

    Raises:
        DataError: The file holds no task documents.
    """
    with open_database() as database, working("taking over results"):
        stored_campaign(database, campaign_id)
        if file is not None:
            imported = import_file(database, campaign_id, file)
        else:
            imported = import_store(database, campaign_id, _store(database, store))
        learned = update(database, campaign_id) if imported.finished else {}
    told = {
        "campaign_id": campaign_id,
        "finished": imported.finished,
        "failed": imported.failed,
        "unmatched": imported.unmatched,
        "learned": learned or None,
    }
    text = (
        f"{len(imported.finished)} results taken over, {len(imported.failed)} documents were none; "
        f"`facet dft status {campaign_id}` says why."
    )
    return print_answer(told, "\n".join([text, *imported.unmatched]), as_json=as_json)


def run_update(campaign_id: str, reference: str | None, *, as_json: bool) -> int:
    """Let results enter the hull, say what was learned, and return the exit code.

    Raises:
        ScreeningError: The reference cannot be used.
        InputError: It is neither a file nor a stored reference.
    """
    with open_database() as database, working("letting results enter the hull"):
        fail_fizzled(database, campaign_id)
        key = None if reference is None else _stored_reference(database, reference)
        learned = update(database, campaign_id, key)
    told = {"campaign_id": campaign_id, **learned}
    return print_answer(told, "\n".join(lessons(learned)), as_json=as_json)


def run_export(campaign_id: str, path: Path, *, as_json: bool) -> int:
    """Write frames, say how many, and return the exit code."""
    with open_database() as database:
        stored_campaign(database, campaign_id)
        num_frames, num_calculations = export_frames(database, campaign_id, path)
    told = {
        "campaign_id": campaign_id,
        "file": str(path),
        "num_frames": num_frames,
        "num_calculations": num_calculations,
    }
    text = f"{num_frames} frames of {num_calculations} calculations in {path}."
    return print_answer(told, text, as_json=as_json)


def _stored_reference(database: MongoDatabase, text: str) -> str:
    """Return the key of the reference in a file, or of that name."""
    path = Path(text)
    if not path.exists():
        return named_reference(database, text).reference_id
    document = reference_document(load_formation_energies(path))
    insert_references(database, [document])
    return document.reference_id


def _store(database: MongoDatabase, path: Path | None) -> Any:  # noqa: ANN401 (jobflow has no types)
    from jobflow import JobStore
    from monty.serialization import loadfn

    return job_store(database) if path is None else JobStore.from_dict_spec(loadfn(path))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process whose user has no name
        return UNKNOWN_USER
