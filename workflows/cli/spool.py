"""``facet spool out``, ``run`` and ``in``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from db.client import open_database
from workflows.cli.exits import UNFINISHED
from workflows.cli.progress import progress, working
from workflows.cli.stopping import stopping_in_order
from workflows.cli.tables import print_answer
from workflows.devices import check_device
from workflows.operations.spool.exchange import Part, bring_in, write_out
from workflows.operations.spool.files import read_header
from workflows.operations.spool.run import run_spool
from workflows.progress import listening

if TYPE_CHECKING:
    from pathlib import Path


def run_out(campaign_id: str, part: str, folder: Path, *, as_json: bool) -> int:
    """Write crystals of a campaign into a folder, say how many, and return the exit code.

    Raises:
        MissingDocumentError: There is no such campaign.
        SpoolError: The folder cannot be used.
        ConfigError: The part makes no sense.
    """
    which = Part.from_text(part)
    with open_database() as database, working("writing crystals"):
        header = write_out(database, campaign_id, which, folder)
    told = header.model_dump()
    text = (
        f"{header.num_crystals} crystals of campaign {campaign_id} (part {header.part}) are in "
        f"{folder}; `facet spool run {folder}` relaxes them, on any machine."
    )
    return print_answer(told, text, as_json=as_json)


def run_run(folder: Path, potential: str | None, device: str | None, *, as_json: bool) -> int:
    """Relax the crystals of a spool and return the exit code.

    Raises:
        SpoolError: The spool is damaged or cannot be written.
        CheckpointError: The potential cannot be loaded, or is not the one asked for.
        ConfigError: There is no such device.
    """
    check_device(device)
    total = read_header(folder).num_crystals
    try:
        with (
            progress(total) as advance,
            listening(advance),
            stopping_in_order(device) as stop,
        ):
            report = run_spool(folder, potential, device, stop)
    except (KeyboardInterrupt, SystemExit):  # a second signal
        sys.stderr.write("Interrupted: the same command goes on from the last results written.\n")
        return UNFINISHED
    told = {
        "num_relaxed": report.ends.total(),
        "ends": dict(report.ends),
        "num_known": report.num_known,
        "num_left": report.num_left,
    }
    next_step = (
        "the same command goes on" if report.num_left else f"`facet spool in {folder}` stores them"
    )
    text = (
        f"{report.ends.total()} crystals relaxed, {report.num_known} were already, "
        f"{report.num_left} left; {next_step}."
    )
    code = print_answer(told, text, as_json=as_json)
    return UNFINISHED if report.num_left else code


def run_in(folder: Path, *, as_json: bool) -> int:
    """Store the results of a spool, say how many, and return the exit code.

    Raises:
        SpoolError: A file is damaged, or is not of what the campaign asked.
        MissingDocumentError: The database does not hold the campaign.
    """
    with open_database() as database, working("storing results"):
        brought = bring_in(database, folder)
    text = (
        f"{brought.num_new} results stored, {brought.num_known} were already; campaign "
        f"{brought.campaign_id} is {brought.status}, {brought.num_left} of its crystals are left."
    )
    return print_answer(brought._asdict(), text, as_json=as_json)
