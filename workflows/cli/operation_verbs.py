"""Verbs about campaigns that workers relax: submit, watch, hold, try again, rescore."""

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
    MaxAboveHull,
    MaxSteps,
    Potential,
    Reference,
    Rule,
    ShardSize,
    Smax,
    Strict,
    asked_reference,
)

Campaign = Annotated[str, typer.Argument(help="Campaign id", show_default=False)]
Category = Annotated[str, typer.Option(help="Kind of workers that take the jobs")]
HIGHEST = 1_000_000
Priority = Annotated[
    int, typer.Option(min=-HIGHEST, max=HIGHEST, help="Campaigns of higher priority go first")
]


def submit(
    candidates: Candidates,
    reference: Reference,
    elements: Elements = None,
    potential: Potential = "facet-s",
    limit: Limit = None,
    max_above_hull: MaxAboveHull = None,
    rule: Rule = None,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    priority: Priority = 0,
    shard_size: ShardSize = 500,
    category: Category = "facet",
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Store a campaign and leave its jobs to workers; nothing is relaxed here."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.flag import asked_rule
    from workflows.cli.submit import run_submit
    from workflows.settings import CampaignSettings

    settings = CampaignSettings(
        candidates=tuple(candidates),
        reference=asked_reference(reference),
        element_energies=elements,
        potential=_anywhere(potential),
        relax=RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps),
        rule=asked_rule(rule, max_above_hull),
        limit=limit,
        shard_size=shard_size,
        priority=priority,
    )
    raise Ended(run_submit(settings, category, as_json=as_json, strict=strict))


def status(
    campaign: Annotated[
        str | None,
        typer.Argument(help="Campaign id; the latest ones are listed if absent"),
    ] = None,
    named: Annotated[
        str | None, typer.Option("--campaign", help="The same, as other verbs take it")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again until it is finished")
    ] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks")] = 5.0,
    as_json: Json = False,
) -> None:
    """Say how far campaigns are, from the database alone."""
    from workflows.cli.status import run_status

    raise Ended(run_status(campaign or named, watch=watch, every=every, as_json=as_json))


def pause(campaign: Campaign, as_json: Json = False) -> None:
    """Hold a campaign: crystals in flight go back with their state."""
    from workflows.cli.control import run_pause

    raise Ended(run_pause(campaign, as_json=as_json))


def resume(campaign: Campaign, as_json: Json = False) -> None:
    """Let a campaign go on that was paused or canceled, or whose jobs failed."""
    from workflows.cli.control import run_resume

    raise Ended(run_resume(campaign, as_json=as_json))


def cancel(campaign: Campaign, as_json: Json = False) -> None:
    """End a campaign where it is; what was relaxed stays."""
    from workflows.cli.control import run_cancel

    raise Ended(run_cancel(campaign, as_json=as_json))


def priority(
    campaign: Campaign,
    value: Annotated[
        int,
        typer.Argument(min=-HIGHEST, max=HIGHEST, help="Higher goes first", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Set the place of a campaign among the others."""
    from workflows.cli.control import run_priority

    raise Ended(run_priority(campaign, value, as_json=as_json))


def retry(
    campaign: Campaign,
    status: Annotated[
        str | None, typer.Option(help="set_aside: crystals that were there when workers died")
    ] = None,
    end: Annotated[
        list[str] | None, typer.Option(help="Crystals that ended so, e.g. failed or max_steps")
    ] = None,
    reason: Annotated[str, typer.Option(help="Only those whose message holds this text")] = "",
    as_json: Json = False,
) -> None:
    """Relax crystals anew; without options those that were set aside or failed."""
    from facet.errors import ConfigError
    from workflows.cli.control import run_retry
    from workflows.operations.retry import RetrySettings

    if status not in (None, "set_aside"):
        raise ConfigError(f"--status {status!r} cannot be tried again; set_aside can.")
    asked = RetrySettings.asked(set_aside=status is not None, ends=tuple(end or ()), reason=reason)
    raise Ended(run_retry(campaign, asked, as_json=as_json))


def rescore(
    campaign: Annotated[str, typer.Option(help="Campaign whose candidates are taken")],
    potential: Annotated[str, typer.Option(help="Bundled name or path of the other potential")],
    max_above_hull: Annotated[
        float | None, typer.Option(help="Only candidates this close to its hull, eV/atom")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many candidates, the nearest")
    ] = None,
    priority: Priority = 0,
    shard_size: ShardSize = 500,
    category: Category = "facet",
    as_json: Json = False,
) -> None:
    """Relax the candidates of a campaign with another potential, those near the hull first."""
    from workflows.campaign import CampaignMaker
    from workflows.cli.submit import run_rescore
    from workflows.operations.rescore import RescoreSettings

    settings = RescoreSettings(campaign, _anywhere(potential), max_above_hull, limit, priority)
    maker = CampaignMaker(shard_size=shard_size, category=category)
    raise Ended(run_rescore(settings, maker, as_json=as_json))


def _anywhere(potential: str) -> str:
    """Name a checkpoint so that workers find it from whatever folder they run in."""
    path = Path(potential)
    return str(path.absolute()) if path.is_file() else potential
