"""Verbs about what campaigns cost: before they start, and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import (
    Candidates,
    Elements,
    Ended,
    Fmax,
    Json,
    Limit,
    MaxSteps,
    Potential,
    Smax,
)

Watts = Annotated[
    float | None, typer.Option(min=0, help="Power of one GPU, or of one core; looked up if absent")
]


def plan(
    candidates: Candidates,
    reference: Annotated[
        Path | None, typer.Option(help="Competing phases; crystals among them are relaxed too")
    ] = None,
    elements: Elements = None,
    potential: Potential = "facet-s",
    rule: Annotated[
        Path | None,
        typer.Option(help="Flag rule as YAML: what it asks for of phonons and elastic constants"),
    ] = None,
    limit: Limit = None,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the crystals that is relaxed")
    ] = 0.01,
    min_sample: Annotated[int, typer.Option(min=1, help="Crystals relaxed at least")] = 32,
    max_sample: Annotated[int, typer.Option(min=1, help="Crystals relaxed at most")] = 200,
    device: Annotated[
        str | None, typer.Option(help="Where the sample is relaxed, e.g. cuda:0; cpu by default")
    ] = None,
    gpus: Annotated[
        int, typer.Option(min=1, help="Devices, or processes on a CPU, that share the work")
    ] = 1,
    shard_size: Annotated[int, typer.Option(min=1, help="Crystals that one job relaxes")] = 500,
    watts: Watts = None,
    as_json: Json = False,
) -> None:
    """Say what a campaign would take; a sample is relaxed, and nothing is stored."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.flag import asked_rule
    from workflows.cli.plan import run_plan
    from workflows.plan.request import PlanRequest, SampleSize

    request = PlanRequest(
        candidates=tuple(candidates),
        reference=reference,
        element_energies=elements,
        potential=potential,
        relax=RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps),
        rule=asked_rule(rule, None),
        limit=limit,
        sample=SampleSize(share=sample, least=min_sample, most=max_sample),
        device=device,
        num_devices=gpus,
        shard_size=shard_size,
        watts=watts,
    )
    raise Ended(run_plan(request, as_json=as_json))


def account(
    campaign: Annotated[
        str | None, typer.Argument(help="Campaign id; the latest one if absent")
    ] = None,
    watts: Watts = None,
    as_json: Json = False,
) -> None:
    """Say what a campaign cost: device-hours, an estimate of the energy, DFT."""
    from workflows.cli.account import run_account

    raise Ended(run_account(campaign, watts, as_json=as_json))
