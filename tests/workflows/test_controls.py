"""Blind controls."""

from __future__ import annotations

import json

import pytest

from db.documents import CandidateDoc, CandidateOutcome, Origin, candidate_id
from db.writes import insert_candidates, update_candidates
from workflows.controls import read_controls, recovered_controls
from workflows.inputs import InputError


def store(database, **outcomes):
    """Candidates of one campaign with these outcomes."""
    insert_candidates(
        database,
        [
            CandidateDoc(campaign_id="c1", material_id=name, origin=Origin(file="f", index=0))
            for name in outcomes
        ],
    )
    update_candidates(database, [(candidate_id("c1", n), each) for n, each in outcomes.items()])


@pytest.mark.integration
def test_a_control_counts_when_it_or_the_crystal_it_is_a_copy_of_is_flagged(database):
    store(
        database,
        known=CandidateOutcome(is_flagged=True),
        missed=CandidateOutcome(is_flagged=False),
        copied=CandidateOutcome(is_flagged=False, duplicate_of="kept"),
        lost=CandidateOutcome(is_flagged=False, duplicate_of="missed"),
        kept=CandidateOutcome(is_flagged=True),
        other=CandidateOutcome(is_flagged=True),
    )
    controls = {"known": "A", "missed": "B", "copied": "C", "lost": "D", "unread": "E"}
    assert recovered_controls(database, "c1", controls) == {
        "num_controls": 4,
        "num_absent": 1,
        "num_recovered": 2,
        "recovered": ["A", "C"],
        "missed": ["B", "D"],
    }


@pytest.mark.integration
def test_candidates_of_another_campaign_recover_nothing(database):
    store(database, known=CandidateOutcome(is_flagged=True))
    found = recovered_controls(database, "c2", {"known": "A"})
    assert (found["num_controls"], found["num_recovered"]) == (0, 0)


def test_controls_are_read_from_a_json_list(tmp_path):
    path = tmp_path / "controls.json"
    path.write_text(json.dumps([{"material_id": "c-17", "formula": "SrTiO3", "more": 1}]))
    assert read_controls(path) == {"c-17": "SrTiO3"}


@pytest.mark.parametrize("text", ["", "[1]", '[{"material_id": "c"}]', "7", "\x00"])
def test_a_file_that_is_no_list_of_controls_is_refused_by_name(tmp_path, text):
    path = tmp_path / "controls.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"controls\.json is no list of controls"):
        read_controls(path)
    with pytest.raises(InputError, match=r"nothing\.json is no list of controls"):
        read_controls(tmp_path / "nothing.json")
