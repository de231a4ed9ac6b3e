"""``facet reference``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from db.client import open_database
from db.errors import MissingDocumentError
from db.reference_names import (
    find_reference,
    give_name,
    reference_heads,
    reference_name,
    reference_names,
)
from db.writes import insert_references
from screening.changes import updated
from workflows.cli.progress import working
from workflows.cli.reference_text import change_lines, print_heads, print_phases
from workflows.cli.tables import print_json
from workflows.reference_rows import change_row, phase_rows
from workflows.reference_sources import ReferenceSources, read_reference
from workflows.references import reference_document, reference_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from db.documents import ReferenceDoc


def asked_sources(
    sources: Sequence[str] | None,
    systems: Sequence[str] | None,
    key_from: str,
    element_energies: Path | None,
) -> ReferenceSources:
    """Gather where a reference comes from; the key is read here and kept out of every output."""
    return ReferenceSources(
        sources=tuple(sources or ()),
        systems=tuple(systems or ()),
        key=SecretStr(os.environ.get(key_from, "")) if systems else None,
        element_energies=element_energies,
    )


def run_build(name: str, asked: ReferenceSources, *, as_json: bool) -> int:
    """Store a reference under a name, say so, and return the exit code.

    Raises:
        ScreeningError: A source cannot be used.
        DbError: The name stands for another reference.
    """
    with open_database() as database, working("reading entries"):
        made = read_reference(database, name, asked)
        document = reference_document(made)
        insert_references(database, [document])
        give_name(database, document)
    told = {
        "reference_id": document.reference_id,
        **made.describe(),
        "omitted": dict(made.omitted),
    }
    text = f"{name} ({document.reference_id[:12]}): {_amount(document)}"
    return _said(told, [text, *made.omitted.values()], as_json=as_json)


def run_show(text: str, chemical_system: str | None, *, as_json: bool) -> int:
    """Say what a reference is and which phases it holds in a system; return the exit code.

    Raises:
        MissingDocumentError: There is no such reference.
        ScreeningError: The reference knows too little of the system.
    """
    with open_database() as database:
        stored = find_reference(database, text)
        named = reference_name(database, stored.name)
    reference = reference_of(stored)
    told: dict[str, Any] = {
        "reference_id": stored.reference_id,
        **reference.describe(),
        "is_current": named is not None and named.reference_id == stored.reference_id,
        "omitted": dict(reference.omitted),
    }
    if chemical_system is not None:
        told["phases"] = phase_rows(reference, chemical_system)
    if as_json:
        print_json(told)
        return 0
    for label, value in told.items():
        if label not in {"omitted", "phases"}:
            sys.stdout.write(f"{label}: {value}\n")
    if chemical_system is not None:
        print_phases(chemical_system, told["phases"])
    return 0


def run_list(*, as_json: bool) -> int:
    """List stored references and return the exit code."""
    with open_database() as database:
        current = {each.reference_id: each for each in reference_names(database)}
        rows = reference_heads(database)
    for row in rows:
        named = current.get(row["reference_id"])
        row["is_current"] = named is not None
        if named is not None:
            row["num_phases"] = named.num_phases
    if as_json:
        print_json({"references": rows})
        return 0
    print_heads(rows)
    return 0


def run_update(name: str, asked: ReferenceSources, *, is_dry_run: bool, as_json: bool) -> int:
    """Bring a named reference to the content of newer sources; return the exit code.

    Raises:
        MissingDocumentError: The name stands for nothing.
        ScreeningError: A source cannot be used, or is of another scheme.
        DbError: Somebody else changed what the name stands for meanwhile.
    """
    with open_database() as database, working("reading entries"):
        named = reference_name(database, name)
        if named is None:
            raise MissingDocumentError(
                f"No reference is named {name!r}: make it with `facet reference build`, or choose "
                "one that `facet reference list` shows."
            )
        old = reference_of(find_reference(database, named.reference_id))
        new, changes = updated(old, read_reference(database, name, asked))
        document = reference_document(new)
        if not is_dry_run:
            insert_references(database, [document])
            give_name(database, document, replaced=named.reference_id)
    told = {
        "name": name,
        "before": named.reference_id,
        "after": document.reference_id,
        "is_written": not is_dry_run,
        **change_row(changes),
        "omitted": dict(new.omitted),
    }
    return _said(told, change_lines(told), as_json=as_json)


def _amount(document: ReferenceDoc) -> str:
    left_out = f", {len(document.omitted)} left out" if document.omitted else ""
    return f"{len(document.phases)} phases of scheme {document.scheme}{left_out}."


def _said(told: dict[str, Any], lines: Sequence[str], *, as_json: bool) -> int:
    if as_json:
        print_json(told)
    else:
        sys.stdout.write("\n".join(lines) + "\n")
    return 0
