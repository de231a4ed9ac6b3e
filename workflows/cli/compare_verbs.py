"""The verb that sets potentials beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import Elements, Ended, Fmax, Json, MaxSteps, Smax


def compare(
    candidates: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of crystals; or give --campaign", show_default=False),
    ] = None,
    campaign: Annotated[str | None, typer.Option(help="Compare candidates of this one")] = None,
    others: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="mace:PATH, mace:small, a checkpoint, ase:MODULE:FACTORY; repeatable"
        ),
    ] = None,
    potential: Annotated[str | None, typer.Option(help="What the others are compared with")] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Competing phases of files of crystals")
    ] = None,
    elements: Elements = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Compare at most this many, chosen by lot")
    ] = None,
    stratify: Annotated[
        str, typer.Option(help="Spread the sample over: chemsys, nelements or none")
    ] = "none",
    pool: Annotated[
        Path | None, typer.Option(help="Relaxed crystals to align energies on; else the phases")
    ] = None,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    device: Annotated[str | None, typer.Option(help="Where potentials run, e.g. cuda:0")] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave it to workers of each environment")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report as a web page too")] = None,
    as_json: Json = False,
) -> None:
    """Relax the same crystals with several potentials in one engine, and compare what they say."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.compare import CompareRequest, run_compare

    request = CompareRequest(
        candidates=tuple(candidates or ()),
        campaign_id=campaign,
        potential=potential,
        others=tuple(others or ()),
        reference=reference,
        element_energies=elements,
        relax=RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps),
        sample=sample,
        stratify=stratify,
        pool=pool,
        device=device,
    )
    raise Ended(run_compare(request, queue=queue, html=html, as_json=as_json))
