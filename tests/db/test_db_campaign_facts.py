"""What reports read of a whole campaign: all of it, nothing else, in one walk along an index."""

from __future__ import annotations

import pytest
from db_samples import candidate, relaxation

from db.campaign_facts import candidate_facts, candidate_facts_find, relaxation_facts
from db.indexes import ensure_indexes
from db.writes import insert_candidates, write_relaxations

pytestmark = pytest.mark.integration


def test_all_candidates_of_the_campaign_come_by_name_and_no_others(database):
    ensure_indexes(database)
    names = [("c1", "b", "candidate"), ("c1", "a", "candidate"), ("c1", "r", "reference")]
    names += [("c10", "a", "candidate"), ("c", "a", "candidate")]
    insert_candidates(
        database,
        [candidate(campaign_id=c, material_id=name, role=role) for c, name, role in names],
    )
    found = list(candidate_facts(database, "c1"))
    assert [each["material_id"] for each in found] == ["a", "b"]
    assert "evidence" not in found[0]
    plan = str(candidate_facts_find("c1").plan(database))
    assert "_id_" in plan
    assert "SORT" not in plan


def test_relaxations_come_once_with_their_cell_and_without_their_atoms(database):
    write_relaxations(database, [relaxation("r1"), relaxation("r2")])
    (found,) = relaxation_facts(database, ["r1", "r1", "none"])
    assert found["_id"] == "r1"
    assert list(found["geometry"]) == ["cell"]
