"""A comparison from beginning to end in one process, each potential in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.indexes import ensure_indexes
from workflows.comparison.computing import compute
from workflows.comparison.disagreement import store_distances
from workflows.comparison.report import report_of
from workflows.comparison.request import comparison_of, store_runs

if TYPE_CHECKING:
    from db.client import MongoDatabase
    from workflows.comparison.request import CompareSettings


def compare(database: MongoDatabase, settings: CompareSettings) -> dict[str, Any]:
    """Compute what is missing, and return the paired report.

    Doing it twice computes nothing the second time, and the report says so.

    Raises:
        DbError: There is no such campaign.
        FacetError: A potential or its environment cannot be used.
    """
    ensure_indexes(database)
    comparison = comparison_of(database, settings)
    computed = compute(database, settings.peers, comparison.works, settings.device)
    runs = store_runs(database, comparison, computed.runs)
    num_new = {each.label: computed.num_new[each.fingerprint] for each in settings.peers}
    report = report_of(database, comparison, runs)
    store_distances(database, report)
    return {**report, "num_computed": num_new, "is_all_known": not any(num_new.values())}
