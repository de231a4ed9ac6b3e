"""The verbs that need no database, and what the command line does not import."""

from __future__ import annotations

import subprocess
import sys

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from workflow_samples import alloys, fcc, write_lines

LOOSE = ("--fmax", "900", "--smax", "1e6")


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


def test_relaxing_needs_no_database_and_writes_what_it_found(facet, tmp_path, monkeypatch):
    monkeypatch.setenv("FACET_MONGO_URI", "mongodb://127.0.0.1:1/")
    out = tmp_path / "deep" / "relaxed.extxyz"
    path = write_lines(tmp_path / "candidates.jsonl", alloys())
    told = facet("relax", path, *LOOSE, "--json", "--out", out, "--limit", 3)
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
        cell = (4.5 + 0.05 * index) * np.eye(3)
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


def test_importing_what_is_not_there_ends_in_one_sentence(facet, tmp_path):
    code, out, err = facet("import", "cheddar", "--out", str(tmp_path / "x.safetensors"))[:3]
    assert code == 1
    assert out == ""
    assert "Import one of sevennet-0" in err


@pytest.mark.parametrize("written", ["SrTiO3", "TiSrO3", "Ti2Sr2O6"])
def test_a_formula_may_be_asked_for_in_any_order(written):
    from workflows.cli.query import _as_stored

    assert _as_stored(written) == "SrTiO3"
