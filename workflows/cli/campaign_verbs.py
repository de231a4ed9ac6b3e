"""Verbs about candidates: screen, relax, query."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli import query_options as asked
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


def screen(
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
    controls: Annotated[
        Path | None, typer.Option(help="JSON list of compounds known to exist, counted at the end")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the table as a web page too")] = None,
    shard_size: ShardSize = 500,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Relax candidates, measure their distance to the hull, and rank those worth DFT."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.flag import asked_rule
    from workflows.cli.screen import run_screen
    from workflows.settings import CampaignSettings

    settings = CampaignSettings(
        candidates=tuple(candidates),
        reference=asked_reference(reference),
        element_energies=elements,
        potential=potential,
        relax=RelaxSettings(fmax=fmax, smax=smax, max_steps=max_steps),
        rule=asked_rule(rule, max_above_hull),
        limit=limit,
        shard_size=shard_size,
    )
    raise Ended(run_screen(settings, controls=controls, html=html, as_json=as_json, strict=strict))


def flag(
    campaign: Annotated[str, typer.Argument(help="Campaign id", show_default=False)],
    rule: Annotated[Path, typer.Option(help="Flag rule as YAML")],
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", "--dry-run", help="Only show who would change and why; store nothing"
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge a screened campaign by another rule; nothing is relaxed again."""
    from workflows.cli.flag import run_flag

    raise Ended(run_flag(campaign, rule, is_preview=diff, as_json=as_json))


def relax(
    candidates: Candidates,
    out: Annotated[Path | None, typer.Option(help="Write relaxed crystals here (.extxyz)")] = None,
    potential: Potential = "facet-s",
    limit: Limit = None,
    fmax: Fmax = 0.05,
    smax: Smax = 0.1,
    max_steps: MaxSteps = 500,
    pressure: Annotated[float, typer.Option(help="Target pressure, GPa")] = 0.0,
    cell: Annotated[
        str, typer.Option(help="What of it may move: free, fixed, fixed-volume or fixed-shape")
    ] = "free",
    keep_symmetry: Annotated[
        bool, typer.Option("--keep-symmetry", help="Hold the space group of the input")
    ] = False,
    rattle: Annotated[
        float, typer.Option(help="Relax again from this far beside a symmetric end, angstrom")
    ] = 0.0,
    optimizer: Annotated[
        str, typer.Option(help="lbfgs-springs, lbfgs, fire2 or fire")
    ] = "lbfgs-springs",
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Relax crystals in batches and print how each ended; no database is used."""
    from facet.relaxation.settings import RelaxSettings
    from workflows.cli.relax import RelaxRequest, run_relax

    settings = RelaxSettings(
        fmax=fmax,
        smax=smax,
        max_steps=max_steps,
        pressure=pressure,
        cell=cell,
        symmetry="keep" if keep_symmetry else "free",
        rattle=rattle,
        optimizer=optimizer,
    )
    request = RelaxRequest(candidates, settings, potential, limit)
    raise Ended(run_relax(request, out=out, as_json=as_json, strict=strict))


def query(
    campaign: asked.Campaign = None,
    all_campaigns: asked.Everywhere = False,
    name: asked.MaterialId = None,
    flagged: asked.Flagged = None,
    formula: asked.Formula = None,
    chemsys: asked.Chemsys = None,
    all_of: asked.ElementsAll = None,
    any_of: asked.ElementsAny = None,
    none_of: asked.ElementsNone = None,
    elements: asked.NumElements = None,
    min_sites: asked.MinSites = None,
    max_sites: asked.MaxSites = None,
    space_group: asked.SpaceGroup = None,
    min_above_hull: asked.MinAboveHull = None,
    max_above_hull: asked.MaxAboveHull = None,
    potential: asked.Potential = None,
    end: asked.End = None,
    verdict: asked.Verdict = None,
    status: asked.Status = None,
    role: asked.Role = "candidate",
    sort: asked.Sort = None,
    descending: asked.Descending = False,
    limit: asked.PageSize = None,
    after: asked.After = None,
    out: Annotated[Path | None, typer.Option(help="Write this file; its end says how")] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, json, csv, extxyz, cif or parquet")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print candidates from the database, nearest to the hull first; or write them to a file."""
    question = asked.question_of(locals())
    from workflows.cli.query import run_query
    from workflows.export import Output

    raise Ended(run_query(question, Output.named("json" if as_json else form, out)))
