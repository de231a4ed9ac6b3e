"""``facet db``: verbs for those who look after the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli import query_options as asked
from workflows.cli.options import Ended, Json

app = typer.Typer(
    name="db", help="Look after the database: its indexes and what it holds.", no_args_is_help=True
)


@app.command()
def check(
    explain: Annotated[
        bool, typer.Option("--explain", help="Explain the question that the other options ask")
    ] = False,
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
    as_json: Json = False,
) -> None:
    """Say whether the indexes are as declared and, with --explain, why a query is slow."""
    question = asked.question_of(locals()) if explain else None
    from workflows.cli.db import run_check

    raise Ended(run_check(question, as_json=as_json))


@app.command()
def init(
    found: Annotated[
        str | None, typer.Option(help="Replica set of a new server: NAME/HOST:PORT")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="User who may read and write this database only")
    ] = None,
    user_password_file: Annotated[
        Path | None, typer.Option(help="File with the password of this user")
    ] = None,
    reader: Annotated[
        str | None, typer.Option(help="User who may read this database only, e.g. the web service")
    ] = None,
    reader_password_file: Annotated[
        Path | None, typer.Option(help="File with the password of the reader")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a database ready: replica set and users if asked for, and all indexes."""
    from workflows.cli.db_init import Named, run_init

    raise Ended(
        run_init(
            member=found,
            user=Named(user, user_password_file),
            reader=Named(reader, reader_password_file),
            as_json=as_json,
        )
    )


@app.command()
def export(
    campaign: Annotated[
        list[str] | None, typer.Option(help="Campaign id, once or more; the latest one if absent")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every campaign")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The archive (.zip); named by the campaign if absent")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write campaigns, with all that they refer to, into one archive."""
    from workflows.cli.db_archive import run_export

    raise Ended(run_export(campaign or [], out, is_everything=everything, as_json=as_json))


@app.command(name="import")
def import_campaigns(
    archive: Annotated[Path, typer.Argument(help="What `facet db export` wrote")],
    as_json: Json = False,
) -> None:
    """Bring the campaigns of an archive into the database; what is stored already stays."""
    from workflows.cli.db_archive import run_import

    raise Ended(run_import(archive, as_json=as_json))


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")] = False,
    as_json: Json = False,
) -> None:
    """Bring documents of an older Facet to the layout of this one; stop all workers first."""
    from workflows.cli.db_archive import run_migrate

    raise Ended(run_migrate(is_dry_run=dry_run, as_json=as_json))


@app.command()
def prune(
    trajectories_older_than: Annotated[
        str | None, typer.Option(help="Let trajectories of this age go, e.g. 12h, 30d or 8w")
    ] = None,
    keep_flagged: Annotated[
        bool, typer.Option("--keep-flagged", help="Keep those of flagged candidates")
    ] = False,
    campaign: Annotated[str | None, typer.Option(help="Only trajectories of this campaign")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be freed")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let old trajectories, states of finished work and orphaned blobs go."""
    from workflows.cli.db_archive import run_prune, which_trajectories

    which = which_trajectories(trajectories_older_than, campaign, keep_flagged=keep_flagged)
    raise Ended(run_prune(which, is_dry_run=dry_run, as_json=as_json))
