"""``facet db check``: whether the indexes are as declared, and why a question is slow."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from db.check import explain, index_faults
from db.client import open_database
from workflows.cli.exits import UNFINISHED
from workflows.cli.tables import print_json

if TYPE_CHECKING:
    from db.check import Explanation, IndexFault
    from db.client import MongoDatabase
    from workflows.cli.query import Question

FIRST_PAGE = 100


def run_check(question: Question | None, *, as_json: bool) -> int:
    """Examine the indexes, and explain a question if there is one.

    Args:
        question: What is slow, perhaps; None explains nothing.
        as_json: Print one JSON document in place of sentences.

    Returns:
        UNFINISHED when an index is missing or different, or the question is slow.

    Raises:
        DbError: The server does not answer, or the question makes no sense.
    """
    with open_database() as database:
        faults = index_faults(database)
        explanation = None if question is None else _explained(database, question)
    if as_json:
        print_json(_document(faults, explanation))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(faults, explanation)))
    is_slow = explanation is not None and explanation.is_slow
    return UNFINISHED if is_slow or any(each.kind != "foreign" for each in faults) else 0


def _explained(database: MongoDatabase, question: Question) -> Explanation:
    where = question.filter_in(database)
    limit = question.limit or FIRST_PAGE
    return explain(database, where, question.order(), limit, question.after)


def _document(faults: list[IndexFault], explanation: Explanation | None) -> dict[str, Any]:
    return {
        "index_faults": [asdict(each) for each in faults],
        "explanation": None if explanation is None else asdict(explanation),
    }


def _lines(faults: list[IndexFault], explanation: Explanation | None) -> list[str]:
    lines = [each.sentence for each in faults] or ["All indexes are as declared."]
    if explanation is None:
        return lines
    steps = [
        f"{each.milliseconds} ms along {each.index or 'no index'}: {each.num_keys:,} keys, "
        f"{each.num_documents:,} candidates fetched, {each.num_found:,} found"
        f"{', sorted in memory' if each.is_sorted_in_memory else ''}."
        for each in explanation.stretches
    ]
    return [*lines, *explanation.sentences, *steps]
