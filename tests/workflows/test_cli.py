"""The command line: what it prints and how it ends, on a real mongod."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest
from workflow_samples import alloys, fcc, metals, write_lines, write_table

from db.documents import TaskDoc
from workflows.cli import screen as screen_module

LOOSE = ("--fmax", "900", "--smax", "1e6")
FLAG_ALL = ("--max-above-hull", "1000")


@pytest.fixture
def files(tmp_path):
    """Candidates and competing phases."""
    candidates = write_lines(tmp_path / "candidates.jsonl", alloys())
    return candidates, write_lines(tmp_path / "metals.jsonl", metals())


@pytest.fixture
def screen(facet, files, facet_environment):
    """Screens the candidates with limits so loose that all are at rest."""
    candidates, reference = files

    def call(*more):
        return facet("screen", candidates, "--reference", reference, *LOOSE, *FLAG_ALL, *more)

    return call


@pytest.mark.integration
def test_screening_prints_what_a_query_finds_afterwards(screen, facet, tmp_path):
    controls = tmp_path / "controls.json"
    controls.write_text('[{"material_id": "ag-au", "formula": "AgAu"}]')
    page = tmp_path / "report.html"
    first = screen("--json", "--controls", controls, "--html", page)
    assert first.code == 0
    told = first.document
    assert told["status"] == "finished"
    assert told["counts"]["candidates"] == 5
    assert len(told["candidates"]) == 3
    assert told["summary"]["controls"]["num_recovered"] == 1
    assert told["summary"]["wall_time_seconds"] > 0
    assert told["run"]["num_relaxed"] == 7
    assert told["campaign_id"] in page.read_text()
    assert facet("query", "--flagged", "--json").document == told["candidates"]
    everything = facet("query", "--json", "--campaign", told["campaign_id"]).document
    assert len(everything) == 5
    table = facet("query", "--flagged")
    assert all(row["formula_pretty"] in table.out for row in told["candidates"])


@pytest.mark.integration
def test_screening_the_same_files_again_relaxes_nothing_and_says_so(screen):
    first = screen("--json").document
    second = screen("--json")
    assert second.document["run"]["num_relaxed"] == 0
    assert second.document["run"]["is_resubmission"]
    assert second.document["candidates"] == first["candidates"]
    assert second.document["summary"] == first["summary"]
    assert "submitted before" in second.err
    assert "7 of 7 crystals are relaxed already" in second.err
    told = screen()
    assert "0 crystals relaxed now, 7 were relaxed already" in told.out
    assert "Campaign" in told.out


@pytest.mark.integration
def test_rejected_input_is_told_and_is_an_error_only_when_strict(screen, files):
    candidates, _ = files
    with candidates.open("a") as file:
        file.write("no crystal\n")
    write_lines(candidates.with_name("polonium.jsonl"), {"polonium": fcc("Po")})
    polonium = candidates.with_name("polonium.jsonl")
    lenient = screen("--json", polonium)
    assert lenient.code == 0
    reasons = {each["material_id"]: each["rejection"] for each in lenient.document["rejected"]}
    assert len(reasons) == 2
    assert "does not know Po" in reasons["polonium"]
    assert str(polonium) in reasons["polonium"]
    assert lenient.document["counts"]["end_unsupported"] == 1
    strict = screen(polonium, "--strict")
    assert strict.code == 3
    assert all(f"rejected: {reason}" in strict.out for reason in reasons.values())


@pytest.mark.integration
def test_an_input_of_no_candidates_ends_well_and_says_so(facet, files, facet_environment, tmp_path):
    empty = tmp_path / "empty.extxyz"
    empty.write_text("")
    ended = facet("screen", empty, "--reference", files[1], *LOOSE, "--json")
    assert ended.code == 0
    assert ended.document["candidates"] == []
    assert ended.document["counts"]["rejected_input"] == 1
    assert "0 candidates could be read" in ended.err


@pytest.mark.integration
def test_an_interrupted_screening_hands_its_crystals_back_and_goes_on(
    facet, files, facet_environment, database, monkeypatch
):
    @contextmanager
    def interrupted(total):
        ends = []

        def advance(reason):
            ends.append(reason)
            if len(ends) == 1:
                os.kill(os.getpid(), signal.SIGTERM)

        yield advance

    # Out of reach, so that crystals still fly when the first result has been written.
    limits = ("--fmax", 1e-9, "--smax", 1e-9, "--max-steps", 120)
    asked = ("screen", files[0], "--reference", files[1], *FLAG_ALL, *limits, "--json")
    with monkeypatch.context() as patch:
        patch.setattr(screen_module, "progress", interrupted)
        cut = facet(*asked)
    assert (cut.code, cut.out) == (2, "")
    assert "Interrupted" in cut.err
    handed_back = {"status": "pending", "state": {"$ne": None}}
    assert database[TaskDoc.collection].count_documents(handed_back) > 0
    rest = facet(*asked)
    assert rest.code == 0
    assert 1 <= rest.document["run"]["num_already_relaxed"] < 7
    run_counts = rest.document["run"]
    assert run_counts["num_relaxed"] + run_counts["num_already_relaxed"] == 7


@pytest.mark.integration
def test_a_second_signal_leaves_at_once_and_the_rest_can_be_taken_up(screen, monkeypatch):
    @contextmanager
    def interrupted(total):
        def advance(reason):
            os.kill(os.getpid(), signal.SIGINT)

        yield advance

    with monkeypatch.context() as patch:
        patch.setattr(screen_module, "progress", interrupted)
        cut = screen("--json")
    assert (cut.code, cut.out) == (2, "")
    assert "once more to leave at once" in cut.err
    assert "the same command relaxes the rest" in cut.err
    assert screen("--json").code == 0


@pytest.mark.integration
def test_a_table_of_formation_energies_with_elements_elsewhere(facet, facet_environment, tmp_path):
    table = write_table(tmp_path)
    elements = tmp_path / "my-elemental-reference-entries.json"
    elements.rename(tmp_path / "zeros.json")
    sodium = write_lines(tmp_path / "c.jsonl", {"sodium": fcc("Na")})
    asked = ("screen", sodium, "--reference", table, *LOOSE, "--json")
    refused = facet(*asked)
    assert refused.code == 1
    assert "No elemental energies lie beside" in refused.err
    told = facet(*asked, "--elements", tmp_path / "zeros.json")
    assert told.code == 0
    assert told.document["reference_scheme"] == "MP2020"


@pytest.mark.integration
def test_every_mistake_is_one_sentence_and_exit_code_1(facet, files, facet_environment, tmp_path):
    candidates, reference = files
    good = ("screen", candidates, "--reference", reference)
    (tmp_path / "file").write_text("")
    mistakes = {
        ("screen", tmp_path / "no.cif", "--reference", reference): "no.cif does not exist",
        (*good, "--potential", "nothing"): "There is no potential 'nothing'",
        (*good, "--fmax", "-1"): "fmax must be above zero",
        (*good, "--controls", tmp_path / "no.json"): "no list of controls",
        (*good, "--html", tmp_path / "page.pdf"): "must end in .html",
        (*good, "--html", tmp_path / "file" / "page.html"): "cannot be written",
        ("relax", candidates, "--out", tmp_path / "x.cif"): "must end in .extxyz",
        ("query",): "holds no campaign yet",
        ("query", "--campaign", "abc"): "holds no campaign abc",
        ("query", "--status", "foo"): "--status cannot be used",
        ("train", tmp_path / "no.yaml"): "cannot be read",
        ("evaluate", tmp_path / "no.npz"): "There is no file",
    }
    for arguments, sentence in mistakes.items():
        ended = facet(*arguments)
        assert (ended.code, ended.out) == (1, ""), arguments
        assert sentence in ended.err
        assert "Traceback" not in ended.err
        assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["screen"], ["query", "--nonsense"], ["nonsense"]])
def test_a_wrong_option_does_not_look_like_unfinished_work(facet, arguments):
    assert facet(*arguments).code == 1
