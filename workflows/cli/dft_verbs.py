"""Verbs about DFT: approve candidates, submit and follow their calculations, learn from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Ended, Json

app = typer.Typer(
    name="dft",
    help="Calculations of approved candidates, and what they teach.",
    no_args_is_help=True,
)

Campaign = Annotated[str, typer.Argument(help="Campaign id", show_default=False)]
Maker = Annotated[str | None, typer.Option(help="DFT Maker by import path, module:Class")]


def approve(
    campaign: Campaign,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Names of candidates", show_default=False)
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Approve what is worth most under the budget, unseen")
    ] = False,
    budget: Annotated[
        float | None, typer.Option(min=0.0, help="Core-hours of the whole campaign")
    ] = None,
    reject: Annotated[list[str] | None, typer.Option(help="Name of a candidate to reject")] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Only show what could be approved, best first")
    ] = False,
    antiferromagnetic: Annotated[
        int, typer.Option(min=0, max=10, help="Antiferromagnetic orderings of each, at most")
    ] = 0,
    maker: Maker = None,
    by: Annotated[str | None, typer.Option(help="Who decides; your user name if absent")] = None,
    as_json: Json = False,
) -> None:
    """Approve candidates for DFT; without names or --auto it shows what could be approved."""
    from workflows.cli.dft import Decision, run_approve, run_proposals

    if list_ or not (ids or auto or reject):
        raise Ended(run_proposals(campaign, budget, as_json=as_json))
    decision = Decision(
        approve=tuple(ids or ()),
        reject=tuple(reject or ()),
        is_automatic=auto,
        budget=budget,
        maker=maker,
        num_antiferromagnetic=antiferromagnetic,
        by=by,
    )
    raise Ended(run_approve(campaign, decision, as_json=as_json))


@app.command()
def submit(
    campaign: Campaign,
    maker: Maker = None,
    category: Annotated[str, typer.Option(help="Kind of workers that run the DFT")] = "vasp",
    as_json: Json = False,
) -> None:
    """Put every approved calculation into the queue, each of them once."""
    from workflows.cli.dft import run_submit

    raise Ended(run_submit(campaign, maker, category, as_json=as_json))


@app.command()
def status(campaign: Campaign, as_json: Json = False) -> None:
    """Say how far calculations are and what was learned of them."""
    from workflows.cli.dft import run_status

    raise Ended(run_status(campaign, as_json=as_json))


@app.command(name="import")
def import_(
    campaign: Campaign,
    file: Annotated[
        Path | None, typer.Argument(help="JSON of task documents", show_default=False)
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="YAML of a jobflow JobStore; our own if there is no file")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take over results of calculations that ran elsewhere."""
    from workflows.cli.dft import run_import

    raise Ended(run_import(campaign, file, store, as_json=as_json))


@app.command()
def update(
    campaign: Campaign,
    reference: Annotated[
        str | None,
        typer.Option(
            help="dft reference of a campaign that has none: JSON of phases, or the name of a "
            "stored reference"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let results enter the hull, and hold predictions and rule to account."""
    from workflows.cli.dft import run_update

    raise Ended(run_update(campaign, reference, as_json=as_json))


@app.command(name="export-frames")
def export_frames(
    campaign: Campaign,
    out: Annotated[Path, typer.Option(help="JSON file for `facet train --from`")],
    as_json: Json = False,
) -> None:
    """Write the ionic steps of finished calculations as frames to train on."""
    from workflows.cli.dft import run_export

    raise Ended(run_export(campaign, out, as_json=as_json))
