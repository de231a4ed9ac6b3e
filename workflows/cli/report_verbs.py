"""The verb that writes the report of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Ended, Json


def report(
    campaign: Annotated[
        str | None, typer.Argument(help="Campaign id; the only one if absent", show_default=False)
    ] = None,
    named: Annotated[str | None, typer.Option("--campaign", help="Campaign id")] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write it here (.html); facet-report-ID.html if absent", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a campaign as one web page that needs no network: ranking, hulls, plots, provenance."""
    from workflows.cli.report import run_report

    raise Ended(run_report(campaign, named, html=html, as_json=as_json))
