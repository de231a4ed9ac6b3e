"""Candidates as JSON and CSV, one row at a time."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TextIO

from workflows.cli.tables import plain_json
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.documents import CandidateDoc

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
BETWEEN = "; "


def write_json(candidates: Iterable[CandidateDoc], stream: TextIO) -> None:
    """Write one JSON list."""
    is_first = True
    for each in candidates:
        stream.write("[\n" if is_first else ",\n")
        stream.write(plain_json(candidate_row(each)).rstrip("\n"))
        is_first = False
    stream.write("[]\n" if is_first else "\n]\n")


def write_csv(candidates: Iterable[CandidateDoc], stream: TextIO) -> None:
    """Write a heading and a line for each candidate; lists are joined by '; '."""
    from db.documents import CandidateDoc, Origin

    blank = CandidateDoc(campaign_id="c", material_id="m", origin=Origin(file="f", index=0))
    writer = csv.writer(stream)
    writer.writerow(candidate_row(blank))
    for each in candidates:
        writer.writerow([cell(value) for value in candidate_row(each).values()])


def cell(value: Any) -> Any:  # noqa: ANN401 (whatever a row holds)
    """Return a value as a cell; text that a spreadsheet would run as a formula is quoted."""
    if isinstance(value, dict):
        value = BETWEEN.join(f"{key} {amount:g}" for key, amount in value.items())
    elif isinstance(value, list):
        value = BETWEEN.join(str(each) for each in value)
    if isinstance(value, str) and value.startswith(RUN_BY_SPREADSHEETS):
        return f"'{value}"
    return value
