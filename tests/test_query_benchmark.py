"""The benchmark of queries, small: its candidates are documents, and it measures every pair."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from db.candidate_pairs import EVERYWHERE, IN_A_CAMPAIGN, is_kept_fast
from db.documents import CandidateDoc
from db.documents.candidate import ELEMENT_SETS, element_sets
from db.filters import CandidateFilter, CandidateSort

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    """Makes the benchmarks importable."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in ("queries", "query_draws", "query_samples", "machine"):
        sys.modules.pop(name, None)


def test_synthetic_candidates_are_documents_and_the_same_every_time(benchmarks):
    from query_samples import Samples

    first, second = list(Samples(300)), list(Samples(300))
    assert first == second
    for raw in first:
        document = CandidateDoc.from_mongo(raw)
        assert document.document_id == raw["_id"]
        assert raw[ELEMENT_SETS] == element_sets(document.elements)
    assert {raw["status"] for raw in first} >= {"pending", "screened"}


@pytest.mark.integration
@pytest.mark.slow
def test_the_benchmark_measures_every_pair_and_leaves_nothing_behind(benchmarks, tmp_path):
    import queries

    folder = tmp_path / "data"
    folder.mkdir()
    out = tmp_path / "results.json"
    told = queries.main(
        ["--size", "2000", "--draws", "1", "--folder", str(folder), "--out", str(out)]
    )
    num_pairs = sum(map(len, EVERYWHERE.values())) + sum(map(len, IN_A_CAMPAIGN.values()))
    assert len(told["pages"]) == 2 * num_pairs
    assert json.loads(out.read_text())["size"] == 2000
    assert list(folder.iterdir()) == []


def test_only_single_conditions_of_the_tables_are_promised():
    scoped = CandidateFilter(campaign_id="c", role="candidate", status="pending")
    assert is_kept_fast(scoped, CandidateSort())
    assert not is_kept_fast(scoped, CandidateSort(field="nsites"))
    assert not is_kept_fast(CandidateFilter(status="pending"), CandidateSort())
    assert not is_kept_fast(scoped.model_copy(update={"verdict": "rejected"}), CandidateSort())
    window = CandidateFilter(min_energy_above_hull=0.0, max_energy_above_hull=0.1)
    assert is_kept_fast(window, CandidateSort())
