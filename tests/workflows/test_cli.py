"""The command line: what it prints, how it ends, and what it does not import."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import NamedTuple

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from workflow_samples import alloys, fcc, metals, write_lines, write_table

from workflows.cli.main import run

LOOSE = ("--fmax", "900", "--smax", "1e6")
FLAG_ALL = ("--max-above-hull", "1000")


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def facet(monkeypatch, capsys):
    """Runs the command line in this process, as the console script does."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*arguments) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["facet", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        return Outcome(ended.value.code or 0, printed.out, printed.err)

    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def files(tmp_path):
    """Candidates and competing phases."""
    candidates = write_lines(tmp_path / "candidates.jsonl", alloys())
    return candidates, write_lines(tmp_path / "metals.jsonl", metals())


@pytest.fixture
def screen(facet, files, facet_environment):
    """Screens the candidates with limits so loose that all are at rest."""
    candidates, reference = files

    def call(*more) -> Outcome:
        return facet("screen", candidates, "--reference", reference, *LOOSE, *FLAG_ALL, *more)

    return call


def heavy_imports(code: str) -> set[str]:
    """Which of the slow packages a fresh Python has loaded after some code."""
    command = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
    heavy = ("torch", "pymatgen", "e3nn", "jobflow", "ase", "scipy")
    command += f"print(*[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, timeout=60
    )
    return set(ended.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["query", "--help"], ["screen", "--help"]])
def test_help_imports_nothing_slow(arguments):
    code = f"sys.argv = ['facet', *{arguments!r}]; from workflows.cli.main import run; run()"
    assert heavy_imports(code) == set()


def test_a_query_imports_nothing_slow():
    assert heavy_imports("import workflows.cli.query") == set()


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
def test_an_interrupted_screening_is_unfinished_and_goes_on(screen, monkeypatch):
    from workflows.cli import screen as module

    @contextmanager
    def interrupted(total):
        ends = []

        def advance(reason):
            ends.append(reason)
            if len(ends) == 3:
                os.kill(os.getpid(), signal.SIGTERM)

        yield advance

    with monkeypatch.context() as patch:
        patch.setattr(module, "progress", interrupted)
        cut = screen("--json")
    assert (cut.code, cut.out) == (2, "")
    assert "Interrupted" in cut.err
    rest = screen("--json")
    assert rest.code == 0
    assert 3 <= rest.document["run"]["num_already_relaxed"] < 7
    run_counts = rest.document["run"]
    assert run_counts["num_relaxed"] + run_counts["num_already_relaxed"] == 7


@pytest.mark.integration
def test_a_table_of_formation_energies_with_elements_elsewhere(facet, facet_environment, tmp_path):
    table = write_table(tmp_path)
    elements = tmp_path / "my-elemental-reference-entries.json"
    elements.rename(tmp_path / "zeros.json")
    sodium = write_lines(tmp_path / "c.jsonl", {"sodium": fcc("Na", 5.3)})
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


def test_relaxing_needs_no_database_and_writes_what_it_found(facet, files, tmp_path, monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://127.0.0.1:1/")
    out = tmp_path / "deep" / "relaxed.extxyz"
    told = facet("relax", files[0], *LOOSE, "--json", "--out", out, "--limit", 3)
    assert told.code == 0
    results = told.document["results"]
    assert [each["name"] for each in results] == ["cu-au", "au-cu-again", "ag-au"]
    assert {each["stop_reason"] for each in results} == {"converged"}
    images = ase.io.read(out, index=":")
    assert [each.info["name"] for each in images] == ["cu-au", "au-cu-again", "ag-au"]
    assert images[0].get_potential_energy() == pytest.approx(2 * results[0]["energy_per_atom"])


def test_relaxing_tells_of_rejects_and_of_unknown_elements(facet, tmp_path):
    path = write_lines(tmp_path / "c.jsonl", {"polonium": fcc("Po"), "gold": fcc("Au")})
    with path.open("a") as file:
        file.write("{}\n")
    told = facet("relax", path, *LOOSE, "--json", "--strict", "--out", tmp_path / "o.extxyz")
    assert told.code == 3
    assert len(told.document["rejected"]) == 1
    polonium, gold = told.document["results"]
    assert (polonium["stop_reason"], polonium["energy_per_atom"]) == ("unsupported", None)
    assert gold["stop_reason"] == "converged"
    text = facet("relax", path, *LOOSE)
    assert text.code == 0
    assert "rejected: " in text.out
    assert "does not know Po" in text.out


def labeled_frames(path, num: int):
    """Extended XYZ with made-up labels."""
    images = []
    for index in range(num):
        cell = (3.2 + 0.05 * index) * np.eye(3)
        atoms = Atoms("CuAu", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=cell, pbc=True)
        atoms.calc = SinglePointCalculator(
            atoms, energy=-7.0, forces=np.zeros((2, 3)), stress=np.full(6, -0.01 * index)
        )
        images.append(atoms)
    ase.io.write(path, images, format="extxyz")
    return path


def test_evaluating_reports_errors_of_each_file(facet, tmp_path):
    frames = labeled_frames(tmp_path / "frames.extxyz", 3)
    told = facet("evaluate", frames, "--json")
    assert told.code == 0
    (row,) = told.document["results"]
    assert (row["frames"], row["num_frames"]) == ("frames.extxyz", 3)
    assert row["energy_mae"] >= 0
    assert (
        facet("evaluate", frames, "--json", "--limit", 2).document["results"][0]["num_frames"] == 2
    )
    calm = facet("evaluate", frames, "--json", "--max-pressure", 1.0).document["results"][0]
    assert calm["num_frames"] == 1
    assert "meV/atom" in facet("evaluate", frames).out


def label_shard(path, num: int):
    """A shard of as many formulas, with made-up labels."""
    random = np.random.default_rng(1)
    second = np.arange(3, 3 + num)
    np.savez(
        path,
        n=np.full(num, 2),
        Z=np.column_stack([np.full(num, 29), second]).ravel(),
        frac=np.tile([[0, 0, 0], [0.5, 0.5, 0.5]], (num, 1)).astype(np.float32),
        cell=np.tile(3.3 * np.eye(3), (num, 1, 1)),
        energy=random.normal(-7, 0.1, num),
        forces=random.normal(0, 0.1, (2 * num, 3)),
        stress=np.zeros((num, 3, 3)),
        kind=np.zeros(num, dtype=int),
        id=np.array([f"p{index}" for index in range(num)]),
    )


def test_training_a_few_steps_writes_a_checkpoint_that_can_be_used(facet, tmp_path):
    label_shard(tmp_path / "labels-0.npz", 24)
    config = tmp_path / "train.yaml"
    config.write_text(
        "model: {preset: facet-s, num_layers: 1}\nshards: labels-*.npz\noutput: run\n"
        "batch_size: 4\nnum_steps: 2\nwarmup_steps: 1\ndecay_steps: 1\n"
        "validation_fraction: 0.2\nsave_every: 1\n"
    )
    told = facet("train", config, "--json")
    assert told.code == 0
    assert told.document["history"]
    checkpoint = told.document["checkpoint"]
    again = facet("train", config, "--json", "--resume")
    assert "Going on from step 2" in again.err
    shard = tmp_path / "labels-0.npz"
    measured = facet("evaluate", shard, "--potential", checkpoint, "--json")
    assert measured.document["results"][0]["num_frames"] == 24
