"""What a report says of a campaign follows from its documents."""

from __future__ import annotations

import pytest
from report_samples import (
    CAMPAIGN,
    CRYSTALS,
    FINGERPRINT,
    HOSTILE,
    store_campaign,
)

from db.documents import CandidateDoc
from db.errors import MissingDocumentError
from screening.rules import FlagRule
from workflows.report import shortlist
from workflows.report.contents import contents_of

pytestmark = pytest.mark.integration


def test_counts_and_the_funnel_agree_with_the_candidates(contents):
    told = contents.document
    assert told["counts"] == {
        "candidates": 7,
        "rejected": 1,
        "pending": 0,
        "set_aside": 0,
        "relaxed": 6,
        "converged": 6,
        "flagged": 5,
    }
    assert [(each["step"], each["number"]) for each in told["funnel"]] == [
        ("submitted", 7),
        ("readable", 6),
        ("relaxed", 6),
        ("near the hull", 5),
        ("flagged", 5),
    ]
    assert told["verdicts"] == {"flagged": 5, "rejected": 1}
    assert told["ends"] == {"converged": 6}


def test_candidates_come_by_rank_and_then_by_distance(contents):
    rows = contents.document["candidates"]
    assert [each["rank"] for each in rows] == [1, 2, 3, 4, 5, None]
    assert [each["energy_above_hull"] for each in rows] == sorted(d for _, d in CRYSTALS.values())
    assert rows[0]["material_id"] == HOSTILE
    assert (rows[0]["initial_space_group"], rows[0]["space_group"]) == (1, 225)
    assert set(contents.crystals) == set(CRYSTALS)


def test_each_interesting_system_has_its_phases_and_its_candidates(contents):
    systems = {each["chemsys"]: each for each in contents.document["systems"]["shown"]}
    assert list(systems) == ["Cl-Li", "Cl-Na", "Cl-K", "Cl-K-Na", "Li-Na-O", "Cl-K-Li-Na"]
    assert contents.document["systems"]["num_by_elements"] == {"2": 3, "3": 2, "4": 1}
    assert systems["Cl-Na"]["num_phases"] == 3, "two elements and the lower of two NaCl"
    assert [each["material_id"] for each in systems["Cl-Na"]["candidates"]] == ["nacl"]


def test_a_phase_is_drawn_where_its_lowest_energy_is(contents):
    (drawn,) = [each for each in contents.diagrams if each.elements == ("Cl", "Na")]
    (compound,) = [each for each in drawn.phases if each.energy < 0]
    assert (compound.name, compound.fractions, compound.energy) == ("NaCl", (0.5, 0.5), -2.1)


def test_failures_are_grouped_by_what_they_share_but_numbers(contents):
    assert contents.document["failures"] == [
        {"kind": "rejected", "reason": f"{HOSTILE} has # lines", "count": 1}
    ]


def test_throughput_counts_every_relaxation_once(contents):
    told = contents.document["throughput"]
    assert sum(told["counts"]) == 6
    assert told["seconds"] == 50.0


def test_uncertainties_are_those_of_the_verdicts(contents):
    told = contents.document["uncertainty"]
    assert [each["scale"] for each in told] == [0.04] * 6
    assert contents.document["accuracy"] is None


def test_known_outcomes_say_how_right_the_predictions_were(database):
    store_campaign(database)
    known = {"known_outcome": {"dft_e_above_hull": 0.0}}
    database[CandidateDoc.collection].update_many({"material_id": "nacl"}, {"$set": known})
    told = contents_of(database, CAMPAIGN).document["accuracy"]
    assert told["mean_absolute_error"] == pytest.approx(0.02)
    assert [each["share_stable"] for each in told["bins"]] == [1.0]


def test_provenance_names_weights_rule_reference_and_versions(contents):
    told = contents.document["provenance"]
    rule = FlagRule(max_energy_above_hull=0.05)
    assert told["potential_fingerprint"] == FINGERPRINT
    assert told["rule_id"] == rule.rule_id
    assert "max_energy_above_hull: 0.05" in told["rule_yaml"]
    assert told["reference"]["license"] == "CC-BY-4.0"
    assert told["reference"]["num_phases"] == 11
    assert told["versions"] == [{"facet": "0.1.0"}]
    assert told["devices"] == {HOSTILE: 6}
    assert told["relaxation_seconds"] == 3.0


def test_what_to_cite_follows_from_what_was_used(contents):
    told = contents.document["cite"]
    assert FINGERPRINT in told["bibtex"]
    assert "10.1038/s41598-021-94550-5" in told["bibtex"]
    assert "mattersim" in told["bibtex"]
    assert "atomate2" not in told["bibtex"]


def test_only_the_best_are_shown_one_by_one_and_how_many_there_are_is_said(database, monkeypatch):
    monkeypatch.setattr(shortlist, "MOST_ROWS", 2)
    store_campaign(database)
    told = contents_of(database, CAMPAIGN).document
    assert [each["rank"] for each in told["candidates"]] == [1, 2]
    assert told["num_placed"] == 6


def test_a_campaign_without_candidates_has_a_report(database):
    store_campaign(database, {}, status="submitted", summary={})
    told = contents_of(database, CAMPAIGN).document
    assert told["counts"]["candidates"] == 0
    assert told["throughput"] is None
    assert told["candidates"] == []


def test_a_campaign_that_is_not_there_is_said_to_be_missing(database):
    with pytest.raises(MissingDocumentError, match="facet status"):
        contents_of(database, "nowhere")
