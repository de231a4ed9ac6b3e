"""``facet status``."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from db.client import open_database
from workflows.accounting import account_if_quick
from workflows.cli.account_text import account_lines
from workflows.cli.tables import plain_json, print_answer, print_json, print_table
from workflows.operations.status import campaign_status, list_campaigns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from db.client import MongoDatabase

CAMPAIGNS_LISTED = 20


def run_status(campaign_id: str | None, *, watch: bool, every: float, as_json: bool) -> int:
    """Print how far campaigns are and return the exit code.

    Args:
        campaign_id: One campaign in full; None lists the latest ones.
        watch: Print it again and again, until the campaign is finished or the user has enough.
        every: Seconds in between.
        as_json: Print JSON, when watching one document a line.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    with open_database() as database:
        if watch:
            try:
                _watch(database, campaign_id, every, as_json=as_json)
            except KeyboardInterrupt:
                return 0
        elif campaign_id is None:
            _print_list(list_campaigns(database, CAMPAIGNS_LISTED), as_json=as_json)
        else:
            told = campaign_status(database, campaign_id)
            told |= {"accounting": account_if_quick(database, campaign_id)}
            print_answer(told, "\n".join(lines_of(told)), as_json=as_json)
    return 0


def lines_of(told: Mapping[str, Any]) -> Iterator[str]:
    """Say in a few lines how far a campaign is.

    Args:
        told: What ``facet status --campaign ID --json`` prints.
    """
    parent = f", rescores {told['parent']}" if told["parent"] else ""
    yield (
        f"Campaign {told['campaign_id']} ({told['source']}; {told['potential']}{parent}): "
        f"{told['status']}, {told['control']}, priority {told['priority']}."
    )
    yield progress_line(told)
    yield f"inputs: {_counts(told['rows'])}"
    yield f"ends: {_counts(told['ends'])}"
    for each in told["failures"]:
        yield f"  {each['count']} {each['stop_reason']}: {each['reason']}"
    yield f"jobs: {_counts({key.lower(): number for key, number in told['jobs'].items()})}"
    for each in told["workers"]:
        rate = each["structures_per_second"]
        speed = f", {rate:.2f}/s" if rate is not None else ""
        where = f" on {each['device']}" if each["device"] else ""
        seen = f"heard of at {each['seen_at']}"
        yield f"worker {each['worker_id']}{where}: {each['status']}{speed}, {seen}"
    if not told["workers"]:
        yield "workers: none was heard of in the last ten minutes"
    if "accounting" in told:
        yield from _account_lines(told)


def _account_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Say what was spent, or who adds it up where that takes long."""
    spent = told["accounting"]
    if spent is None:
        yield f"spent: adding it up takes long here; `facet account {told['campaign_id']}` does"
    else:
        yield from account_lines(spent)


def progress_line(told: Mapping[str, Any]) -> str:
    """Say in one line how far the relaxations of a campaign are, how fast, and how long still."""
    tasks, rate = told["tasks"], told["structures_per_second"]
    eta = told["eta_seconds"]
    is_done = not (tasks["pending"] or tasks["leased"])
    left = "none left" if is_done else f"{_duration(eta)} left"
    return (
        f"relaxations: {tasks['done']} done, {tasks['leased']} running, {tasks['pending']} "
        f"pending, {tasks['set_aside']} set aside; {rate:.2f}/s, {left}"
    )


def _watch(
    database: MongoDatabase, campaign_id: str | None, every: float, *, as_json: bool
) -> None:
    """Print the status again and again: over itself on a terminal, line by line elsewhere."""
    if sys.stdout.isatty() and not as_json:
        _watch_on_terminal(database, campaign_id, every)
        return
    while True:
        if campaign_id is None:
            _print_list(list_campaigns(database, CAMPAIGNS_LISTED), as_json=as_json)
        else:
            told = campaign_status(database, campaign_id)
            line = plain_json(told).replace("\n", "") if as_json else progress_line(told)
            sys.stdout.write(f"{line}\n")
            if told["status"] == "finished":
                return
        sys.stdout.flush()
        time.sleep(every)


def _watch_on_terminal(database: MongoDatabase, campaign_id: str | None, every: float) -> None:
    from rich.live import Live  # only a terminal needs it
    from rich.text import Text

    with Live(Text(""), auto_refresh=False) as live:
        while True:
            if campaign_id is None:
                listed = list_campaigns(database, CAMPAIGNS_LISTED)
                live.update(Text("\n".join(_short(each) for each in listed)), refresh=True)
            else:
                told = campaign_status(database, campaign_id)
                live.update(Text("\n".join(lines_of(told))), refresh=True)
                if told["status"] == "finished":
                    return
            time.sleep(every)


def _print_list(campaigns: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(campaigns)
        return
    statuses = ("pending", "leased", "done", "set_aside")
    headings = ["campaign", "input", "status", "priority", "pending", "running", "done", "aside"]
    rows = [
        [
            each["campaign_id"],
            each["source"],
            _place(each),
            each["priority"],
            *(each["tasks"][status] for status in statuses),
        ]
        for each in campaigns
    ]
    print_table("Campaigns, the one saved last first", headings, rows)


def _short(campaign: Mapping[str, Any]) -> str:
    return f"{campaign['campaign_id']} {_place(campaign)}: {_counts(campaign['tasks'])}"


def _place(campaign: Mapping[str, Any]) -> str:
    control: str = campaign["control"]
    status: str = campaign["status"]
    return status if control == "active" or status == "finished" else control


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "none"


def _duration(seconds: float | None) -> str:
    return "unknown time" if seconds is None else str(timedelta(seconds=round(seconds)))
