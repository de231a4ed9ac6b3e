"""Data of other formats and excluded formulas, from the command line on."""

from __future__ import annotations

import json

import ase.db
import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from facet.errors import ConfigError, DataError
from facet.training.labels import read_shards
from facet.training.settings import read_settings
from facet.training.sources import shard_paths
from workflows.frames import read_frames
from workflows.training_data import prepare

CONFIG = """
model: {{preset: facet-s, channels: [8, 4], num_layers: 2, cutoff: 4.0, species: [11, 17, 19, 29]}}
data: {data}
output: run
batch_size: 4
num_steps: 4
warmup_steps: 1
decay_steps: 2
save_every: 2
validation_fraction: 0.5
"""


def crystal(number, formula):
    rng = np.random.default_rng(number)
    atoms = Atoms(formula, [[0, 0, 0], [1.6, 1.6, 1.6]], cell=3.2 * np.eye(3), pbc=True)
    atoms.rattle(0.05, rng=rng)
    atoms.calc = SinglePointCalculator(
        atoms, energy=-3.0 + number / 10, forces=rng.normal(0, 0.1, (2, 3)), stress=np.zeros(6)
    )
    return atoms


def crystals():
    formulas = ["NaCl", "KCl", "NaK", "CuCl", "CuNa", "CuK"]
    return [crystal(number, formulas[number % 6]) for number in range(18)]


def write_database(path):
    with ase.db.connect(path) as database:
        for atoms in crystals():
            database.write(atoms, parent=f"parent-{atoms.symbols}")
    return path


def write_lines(path):
    records = [
        {
            "cell": atoms.cell.tolist(),
            "species": atoms.get_chemical_symbols(),
            "positions": atoms.positions.tolist(),
            "energy": atoms.get_potential_energy(),
            "forces": atoms.get_forces().tolist(),
            "stress": np.zeros((3, 3)).tolist(),
        }
        for atoms in crystals()
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


def write_config(folder, data, *lines):
    path = folder / "train.yaml"
    path.write_text(CONFIG.format(data=data) + "\n".join(lines))
    return path


def test_an_ase_database_gives_its_frames_with_their_parents(tmp_path):
    frames = list(read_frames([write_database(tmp_path / "a.db")]))
    for frame, atoms in zip(frames, crystals(), strict=True):
        assert frame.energy == pytest.approx(atoms.get_potential_energy())
        np.testing.assert_allclose(frame.forces, atoms.get_forces())
        assert frame.stress.shape == (3, 3)
        assert frame.parent == f"parent-{atoms.symbols}"


def test_a_damaged_database_is_one_sentence(tmp_path):
    (tmp_path / "a.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(DataError, match=r"a\.db cannot be read as labeled frames"):
        list(read_frames([tmp_path / "a.db"]))


def test_files_are_converted_once_for_each_content(tmp_path):
    source = write_lines(tmp_path / "frames.jsonl")
    ase.io.write(tmp_path / "frames.extxyz", crystals(), format="extxyz")
    settings = read_settings(write_config(tmp_path, "frames.*"))
    said = []
    prepare(settings, said.append)
    prepare(settings, said.append)
    assert len(said) == 2
    frames = read_shards(shard_paths(settings))
    assert len(frames) == 36
    np.testing.assert_allclose(frames.energy[:18], frames.energy[18:])
    source.write_text(source.read_text().splitlines()[0])
    prepare(settings, said.append)
    assert len(said) == 3
    assert len(read_shards(shard_paths(settings))) == 19


def test_a_conversion_that_fails_leaves_nothing_that_looks_complete(tmp_path):
    path = write_lines(tmp_path / "frames.jsonl")
    path.write_text(path.read_text() + '{"energy": 1}\n')
    settings = read_settings(write_config(tmp_path, "frames.jsonl"))
    for _ in range(2):
        with pytest.raises(DataError, match="line 19 is no labeled frame"):
            prepare(settings, lambda _: None)
    (tmp_path / "empty.jsonl").write_text("")
    settings = read_settings(write_config(tmp_path, "empty.jsonl"))
    with pytest.raises(DataError, match="holds no labeled frame"):
        prepare(settings, lambda _: None)


def test_training_converts_and_runs_from_a_database(facet, tmp_path):
    write_database(tmp_path / "a.db")
    told = facet("train", write_config(tmp_path, "a.db"), "--json")
    assert told.code == 0, told.err
    assert told.document["checkpoint"].endswith("final.safetensors")
    assert "step 4/4" in told.err
    assert "min left" in told.err
    assert (tmp_path / "run" / "curves.html").is_file()


@pytest.mark.parametrize("where", ["config", "option"])
def test_frames_with_the_formula_of_a_campaign_are_refused(facet, tmp_path, where):
    write_lines(tmp_path / "frames.jsonl")
    kept = Atoms("Cl2K2", np.arange(12).reshape(4, 3) * 1.3, cell=[9, 9, 9], pbc=True)
    campaign = tmp_path / "campaign.extxyz"
    ase.io.write(campaign, kept, format="extxyz")
    lines = ["excluded: [campaign.extxyz]"] if where == "config" else []
    options = [] if where == "config" else ["--exclude", campaign]
    told = facet("train", write_config(tmp_path, "frames.jsonl", *lines), *options)
    assert told.code == 1
    assert "3 training frame(s) must not be trained on" in told.err
    assert "parent frames.jsonl, line 2" in told.err
    assert "ClK, which campaign.extxyz keeps" in told.err


def test_a_potential_is_fine_tuned_from_the_command_line(facet, tmp_path):
    write_database(tmp_path / "a.db")
    first = facet("train", write_config(tmp_path, "a.db"), "--json").document["checkpoint"]
    data = write_lines(tmp_path / "dft_results.jsonl")
    out = tmp_path / "tuned"
    replay = tmp_path / "run" / "cache" / "*" / "none.npz"
    arguments = ("--from", first, "--data", data, "--out", out, "--steps", 6)
    missing = facet("train", *arguments, "--replay", replay)
    assert missing.code == 1
    shards = min((tmp_path / "run" / "cache").glob("*/*.npz"))
    told = facet("train", *arguments, "--replay", shards, "--refit-energies", "--json")
    assert told.code == 0, told.err
    last = told.document["history"][-1]
    assert last["step"] == 6
    assert {"energy_mae", "replay_energy_mae"} <= set(last)
    again = facet("train", *arguments, "--replay", shards, "--refit-energies", "--resume", "--json")
    assert "Going on from step 6" in again.err


HALVES = ["", "--from facet-s", "c.yaml --from facet-s", "c.yaml --steps 5"]


@pytest.mark.parametrize("arguments", HALVES)
def test_half_a_request_is_a_mistake(facet, arguments):
    told = facet("train", *arguments.split())
    assert told.code == 1
    assert "Give either a training config alone" in told.err


def test_a_config_without_model_takes_that_of_its_checkpoint(facet, tmp_path):
    write_database(tmp_path / "a.db")
    first = facet("train", write_config(tmp_path, "a.db"), "--json").document["checkpoint"]
    path = write_config(tmp_path, "a.db", f"start_from: {first}")
    path.write_text("\n".join(x for x in path.read_text().splitlines() if "preset" not in x))
    assert read_settings(path).model.channels == (8, 4)
    path.write_text("output: run\ndata: a.db\n")
    with pytest.raises(ConfigError, match="model"):
        read_settings(path)
