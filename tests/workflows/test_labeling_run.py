"""Promises of a labeling run: complete, repeatable, resumable, and never stopped by one crystal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from labeling_samples import EMT_PATH, FEW, SlowEmt, label, pairs, write_metals

from facet.checkpoint import read_checkpoint
from facet.errors import ConfigError, DataError
from facet.graph.neighbors import build_batch
from facet.training.kinds import Kind
from facet.training.labels import read_shards
from facet.training.loop import Trainer
from facet.training.settings import read_settings
from workflows.labeling.frames import Parent, make_draft
from workflows.labeling.parents import read_parents

HERE = Path(__file__).parent


def shards(folder):
    return sorted(folder.glob("labels-*.npz"))


def contents(folder):
    return [path.read_bytes() for path in shards(folder)]


def by_identity(folder):
    """Energy of every frame by parent, kind, seed and place among its like."""
    found = {}
    for path in shards(folder):
        with np.load(path) as shard:
            columns = [shard[name].tolist() for name in ("id", "kind", "seed", "energy")]
        for *key, energy in zip(*columns, strict=True):
            found.setdefault(tuple(key), []).append(energy)
    return found


def test_every_frame_knows_its_parent_kind_seed_and_labeler(tmp_path):
    manifest, _ = label(tmp_path, "out")
    parents = {
        p.name: p for p in read_parents([tmp_path / "metals.jsonl"]) if isinstance(p, Parent)
    }
    num_remade = 0
    for path in shards(tmp_path / "out"):
        frames = read_shards([path])
        with np.load(path) as shard:
            assert shard["labeler"].item().decode().startswith("labeling_samples:pairs ")
            seeds = shard["seed"].tolist()
        for frame, seed, name in zip(
            frames.frames(range(len(frames))), seeds, frames.id, strict=True
        ):
            if frame.kind in (Kind.STEP, Kind.DIMER):
                continue
            again = make_draft(parents[name.decode()], Kind(frame.kind), seed, pairs().species)
            assert np.allclose(again.crystal.positions, frame.crystal.positions, atol=1e-9)
            num_remade += 1
    assert num_remade > 15
    assert set(manifest["kinds"]) == {each.label for each in Kind} - {"strong"}


def test_a_label_is_what_the_labeler_says_of_the_stored_frame(tmp_path):
    label(tmp_path, "out")
    frames = read_shards(shards(tmp_path / "out"))
    for frame in frames.frames(range(len(frames))):
        said = pairs()(build_batch([frame.crystal], pairs().cutoff))
        assert np.isclose(float(said.energy[0]), frame.energy, rtol=1e-9, atol=1e-9)
        assert np.allclose(said.forces.numpy(), frame.forces, rtol=1e-5, atol=1e-6)
        assert np.allclose(said.stress[0].numpy(), frame.stress, rtol=1e-5, atol=1e-6)


def test_steps_of_a_short_relaxation_go_downhill(tmp_path):
    label(tmp_path, "out", counts={Kind.STEP: 2}, relax_steps=7)
    for energies in by_identity(tmp_path / "out").values():
        assert len(energies) == 4
        assert energies[-1] < energies[0]


def test_one_process_and_two_write_the_same_bytes(tmp_path):
    first, _ = label(tmp_path, "one")
    second, _ = label(tmp_path, "two", processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 3
    assert first["data_sha256"] == second["data_sha256"]


def test_the_order_of_the_crystals_does_not_change_their_frames(tmp_path):
    label(tmp_path, "out")
    lines = (tmp_path / "metals.jsonl").read_text().splitlines()
    (tmp_path / "backward.jsonl").write_text("\n".join(reversed(lines)))
    label(tmp_path, "backward", paths=[tmp_path / "backward.jsonl"])
    first, second = by_identity(tmp_path / "out"), by_identity(tmp_path / "backward")
    assert first.keys() == second.keys()
    assert all(np.allclose(first[key], second[key], rtol=1e-9) for key in first)


def test_a_finished_run_labels_nothing_again(tmp_path):
    first, known = label(tmp_path, "out")
    times = [path.stat().st_mtime_ns for path in shards(tmp_path / "out")]
    assert known == [False] * 3
    again, known = label(tmp_path, "out")
    assert known == [True] * 3
    assert again == first
    assert times == [path.stat().st_mtime_ns for path in shards(tmp_path / "out")]


@pytest.mark.slow
def test_a_killed_run_goes_on_after_its_whole_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(SlowEmt, "seconds", 0.0)  # only the process that is killed is slow
    label(tmp_path, "whole", "labeling_samples:SlowEmt")
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "workflows.labeling", tmp_path / "metals.jsonl", "--out", out]
    command += ["--calculator", "labeling_samples:SlowEmt", "--frames", FEW, "--shard-size", "2"]
    command += ["--processes", "2"]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    running = subprocess.Popen(
        list(map(str, command)),
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not shards(out) and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    time.sleep(1.0)  # the orphans end by themselves
    finished = {path.name: path.stat().st_mtime_ns for path in shards(out)}
    assert 0 < len(finished) < 3
    _, known = label(tmp_path, "killed", "labeling_samples:SlowEmt")
    assert sum(known) in range(len(finished) - 1, len(finished) + 1)  # a note may be unwritten
    assert known.count(True) > 0
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("name", ["raises_on_gold", "nan_on_gold"])
def test_a_labeler_that_fails_on_an_element_loses_only_its_frames(tmp_path, name):
    label(tmp_path, "whole")
    manifest, _ = label(tmp_path, "out", f"labeling_samples:{name}")
    frames = read_shards(shards(tmp_path / "out"))
    assert not (frames.Z == 79).any()
    assert sum(manifest["skipped"].values()) >= 8
    all_frames = read_shards(shards(tmp_path / "whole"))
    starts = all_frames.starts
    has_gold = np.logical_or.reduceat(all_frames.Z == 79, starts)
    assert len(frames) == int((~has_gold).sum())


def test_a_calculator_that_raises_is_counted_with_its_reason(tmp_path):
    manifest, _ = label(tmp_path, "out", EMT_PATH)
    reason = "the labeler raised NotImplementedError"
    assert manifest["skipped"][reason] > 0
    assert "No EMT-potential for" in manifest["examples"][reason]
    assert manifest["num_frames"] > 20


def test_forces_beyond_the_limit_are_dropped(tmp_path):
    manifest, _ = label(tmp_path, "out", max_force=0.05)
    frames = read_shards(shards(tmp_path / "out"))
    assert np.linalg.norm(frames.forces, axis=1).max() <= 0.05
    assert manifest["skipped"]["force above 0.05 eV/angstrom"] > 0


def test_no_frame_has_a_formula_kept_for_testing(tmp_path):
    (tmp_path / "kept.txt").write_text("47-1;\n79-1;\n")
    manifest, _ = label(tmp_path, "out", exclude=[tmp_path / "kept.txt"])
    formulas = read_shards(shards(tmp_path / "out")).formulas()
    assert not {((47, 1),), ((79, 1),)} & set(formulas)
    assert manifest["skipped"]["formula kept for testing"] >= 8


def test_a_bad_crystal_does_not_stop_the_run(tmp_path):
    path = write_metals(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{not json", *lines[1:]]))
    manifest, _ = label(tmp_path, "out")
    assert manifest["num_parents"] == 6
    assert len(manifest["rejected"]) == 1


def test_shards_of_another_seed_or_labeler_are_not_mixed_in(tmp_path):
    label(tmp_path, "out")
    with pytest.raises(ConfigError, match="another settings; choose another folder"):
        label(tmp_path, "out", seed=1)
    with pytest.raises(ConfigError, match="another labeler; choose another folder"):
        label(tmp_path, "out", EMT_PATH)


def test_a_run_in_which_nothing_could_be_labeled_says_why(tmp_path):
    lines = write_metals(tmp_path).read_text().splitlines()
    (tmp_path / "metals.jsonl").write_text(lines[3])
    with pytest.raises(DataError, match="No frame could be labeled: more than 1 atoms"):
        label(tmp_path, "out", max_atoms=1)


def test_packed_crystals_and_shards_are_labeled_too(tmp_path):
    label(tmp_path, "first")
    source = shards(tmp_path / "first")[0]
    manifest, _ = label(tmp_path, "second", paths=[source], counts={Kind.RELAXED: 1}, limit=3)
    first, second = read_shards([source]), read_shards(shards(tmp_path / "second"))
    assert manifest["num_frames"] == 3
    assert np.allclose(second.energy, first.energy[:3], rtol=1e-9)


def test_training_takes_the_shards(tmp_path):
    label(tmp_path, "out")
    (tmp_path / "run.yaml").write_text(
        "model: {preset: facet-s, channels: [4, 2], num_layers: 2, cutoff: 4.0}\n"
        "shards: out/labels-*.npz\noutput: run\nnum_steps: 2\nbatch_size: 4\n"
        "warmup_steps: 1\ndecay_steps: 1\nvalidation_fraction: 0.3\n"
    )
    trainer = Trainer(read_settings(tmp_path / "run.yaml"))
    _, _, card = read_checkpoint(trainer.run(lambda values: None))
    assert card["num_training_frames"] + card["validation"]["num_frames"] > 30


def test_labeling_packed_crystals_needs_neither_ase_nor_pymatgen(tmp_path):
    label(tmp_path, "first")
    source = shards(tmp_path / "first")[0]
    code = (
        "import sys; sys.modules.update(ase=None, pymatgen=None, typer=None, vesin=None)\n"
        "from workflows.labeling.__main__ import main; main()"
    )
    options = ["--calculator", "facet.testing:LennardJones", "--limit", "1"]
    ended = subprocess.run(
        [sys.executable, "-c", code, source, *options, "--out", tmp_path / "bare"],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout)["num_frames"] > 8
