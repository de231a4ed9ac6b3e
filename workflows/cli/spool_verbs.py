"""Verbs for machines that cannot reach the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Ended, Json

Folder = Annotated[Path, typer.Argument(help="The spool", show_default=False)]

app = typer.Typer(
    name="spool",
    help="Carry crystals in files to machines that cannot reach the database.",
    no_args_is_help=True,
)


@app.command(name="out")
def write_out(
    folder: Folder,
    campaign: Annotated[str, typer.Option(help="Campaign id")],
    shard: Annotated[str, typer.Option(help="Which part of it, e.g. 1/4")] = "1/1",
    as_json: Json = False,
) -> None:
    """Write what is left of a campaign, or of a part of it, into a folder."""
    from workflows.cli.spool import run_out

    raise Ended(run_out(campaign, shard, folder, as_json=as_json))


@app.command(name="run")
def run(
    folder: Folder,
    device: Annotated[str | None, typer.Option(help="Where it runs, e.g. cuda:0")] = None,
    potential: Annotated[
        str | None, typer.Option(help="Where the potential is here; the weights must be the same")
    ] = None,
    as_json: Json = False,
) -> None:
    """Relax the crystals of a folder without a database; a second run goes on."""
    from workflows.cli.spool import run_run

    raise Ended(run_run(folder, potential, device, as_json=as_json))


@app.command(name="in")
def bring_in(folder: Folder, as_json: Json = False) -> None:
    """Store the results of a folder; doing it twice changes nothing."""
    from workflows.cli.spool import run_in

    raise Ended(run_in(folder, as_json=as_json))
