"""A campaign by real workers of which some are killed, the database too; the short form."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_campaign_survives_killed_workers_and_a_killed_server(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from chaos import Plan, run

    plan = Plan(
        structures=40, workers=2, kills=3, server_kills=1, lease=4.0, shard=20, seconds=240.0
    )
    found = run(plan, tmp_path)
    assert found["status"] == "finished"
    assert (found["kills"], found["server_kills"]) == (3, 1)
    assert (found["lost"], found["duplicates"]) == (0, 0)
    assert (found["acknowledged_and_gone"], found["overwritten"]) == (0, 0)
    assert found["tasks"] == {"done": found["expected"]}
    assert set(found["fireworks"]) == {"COMPLETED"}
    assert found["drain_seconds"] < 10.0
