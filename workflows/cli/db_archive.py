"""``facet db export|import|migrate|prune``: campaigns in files, old layouts, and old bytes."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from db.archive.exporting import all_campaigns, export_campaigns
from db.archive.importing import import_archive
from db.client import open_database
from db.errors import ArchiveError, DbError
from db.indexes import ensure_indexes
from db.migrations import migrate
from db.queries import latest_campaign
from db.retention import Freed, Trajectories, prune_orphans, prune_states, prune_trajectories
from workflows.cli.files import check_writable
from workflows.cli.progress import working
from workflows.cli.tables import print_json
from workflows.progress import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.client import MongoDatabase

AN_AGE = re.compile(r"(\d{1,6})(h|d|w)")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MEBIBYTE = 2**20
HEAD_OF_A_NAME = "facet"


def run_export(
    campaigns: Sequence[str], out: Path | None, *, is_everything: bool, as_json: bool
) -> int:
    """Write campaigns into an archive and return the exit code.

    Args:
        campaigns: Their ids; the latest one when there are none.
        out: The file, which ends in .zip; by default in the working folder, named by campaign.
        is_everything: All campaigns, whatever their ids.
        as_json: Print the manifest in place of a sentence.

    Raises:
        DbError: There is no such campaign, or the file cannot be written.
        InputError: The name of the file ends in something else.
    """
    with open_database() as database:
        chosen = all_campaigns(database) if is_everything else _chosen(database, campaigns)
        name = chosen[0] if len(chosen) == 1 else "campaigns"
        path = out or Path(f"{HEAD_OF_A_NAME}-{name}.zip")
        check_writable(path, ".zip")
        with working(f"writing {_counted(len(chosen), 'campaign')}"):
            manifest = export_campaigns(database, chosen, path, report)
    if as_json:
        print_json({"path": str(path), **manifest.model_dump(mode="json")})
        return 0
    number = sum(each.num_documents for each in manifest.members.values())
    sys.stdout.write(
        f"Wrote {_counted(len(chosen), 'campaign')} to {path}: {number:,} documents, "
        f"{_mebibytes(path.stat().st_size)}.\n"
    )
    return 0


def run_import(path: Path, *, as_json: bool) -> int:
    """Bring an archive into the database and return the exit code.

    Raises:
        DbError: It is no archive that Facet wrote, or cannot be stored.
    """
    with open_database() as database, working(f"bringing in {path.name}"):
        ensure_indexes(database)
        imported = import_archive(database, path, report)
    if as_json:
        counts = {name: asdict(each) for name, each in imported.counts.items()}
        print_json(
            {
                "campaign_ids": imported.manifest.campaign_ids,
                "counts": counts,
                "num_brought_forward": imported.num_brought_forward,
            }
        )
        return 0
    num_new = sum(each.num_new for each in imported.counts.values())
    num_known = sum(each.num_known for each in imported.counts.values())
    sys.stdout.write(
        f"Imported {_counted(len(imported.manifest.campaign_ids), 'campaign')} from {path}: "
        f"{num_new:,} documents are new, {num_known:,} were known, and "
        f"{imported.num_brought_forward:,} of these learned something.\n"
    )
    sys.stdout.writelines(
        f"License of {each.name} ({each.date}): {each.license}.\n"
        for each in imported.manifest.licenses
    )
    return 0


def run_migrate(*, is_dry_run: bool, as_json: bool) -> int:
    """Bring stored documents to the layout that is read now, and return the exit code.

    Raises:
        DbError: A newer Facet wrote some of them.
    """
    with open_database() as database, working("looking through all documents"):
        done = migrate(database, is_dry_run=is_dry_run, tell=report)
        if not is_dry_run:
            ensure_indexes(database)
    if as_json:
        print_json({"is_dry_run": is_dry_run, "migrations": [asdict(each) for each in done]})
        return 0
    verb = "would become" if is_dry_run else "became"
    lines = [
        f"{each.num_documents:,} documents of {each.collection} {verb} version {each.to_version}.\n"
        for each in done
        if each.num_documents
    ]
    sys.stdout.writelines(lines or ["All documents are of the newest version.\n"])
    return 0


def run_prune(which: Trajectories | None, *, is_dry_run: bool, as_json: bool) -> int:
    """Let go of what is no longer needed, and return the exit code.

    Args:
        which: Trajectories that may go; None keeps them all.
        is_dry_run: Only say what would be freed.
        as_json: Print one JSON document in place of sentences.
    """
    with open_database() as database, working("looking for what may go"):
        freed = {
            "trajectories": Freed()
            if which is None
            else prune_trajectories(database, which, is_dry_run=is_dry_run, tell=report),
            "states of finished tasks": prune_states(database, is_dry_run=is_dry_run),
            "orphaned blobs": prune_orphans(database, is_dry_run=is_dry_run, tell=report),
        }
    if as_json:
        plain = {name.replace(" ", "_"): asdict(each) for name, each in freed.items()}
        print_json({"is_dry_run": is_dry_run, **plain})
        return 0
    verb = "Would free" if is_dry_run else "Freed"
    sys.stdout.writelines(
        f"{verb} {each.number:,} {name}, {_mebibytes(each.num_bytes)}.\n"
        for name, each in freed.items()
    )
    return 0


def which_trajectories(
    older_than: str | None, campaign: str | None, *, keep_flagged: bool
) -> Trajectories | None:
    """Understand which trajectories may go; None when none was asked for.

    Raises:
        DbError: The age cannot be understood, or is missing.
    """
    if older_than is None:
        if campaign is not None or keep_flagged:
            raise DbError("--campaign and --keep-flagged need --trajectories-older-than.")
        return None
    age = AN_AGE.fullmatch(older_than.strip())
    if age is None:
        raise DbError(
            f"--trajectories-older-than {older_than!r} is no age; write it like 12h, 30d or 8w."
        )
    return Trajectories(int(age[1]) * UNITS[age[2]], keep_flagged, campaign)


def _chosen(database: MongoDatabase, campaigns: Sequence[str]) -> list[str]:
    if campaigns:
        return sorted(set(campaigns))
    latest = latest_campaign(database)
    if latest is None:
        raise ArchiveError("The database holds no campaign yet; run `facet screen` first.")
    return [latest.campaign_id]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _mebibytes(num_bytes: int) -> str:
    return f"{num_bytes / MEBIBYTE:.1f} MiB"
