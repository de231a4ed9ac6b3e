"""Promises of a training run."""

import json

import pytest
import torch
from training_samples import write_config

from facet.checkpoint import load, read_checkpoint
from facet.errors import CheckpointError, ConfigError, DataError
from facet.training.loop import Trainer
from facet.training.settings import read_settings


class KilledError(Exception):
    pass


def kill_at(step):
    def report(values):
        if values["step"] == step:
            raise KilledError

    return report


def nothing(_values):
    pass


@pytest.mark.parametrize("step", [5, 10])
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, step):
    whole = Trainer(read_settings(write_config(tmp_path, "whole")))
    expected = load(whole.run(nothing)).fingerprint
    settings = read_settings(write_config(tmp_path, f"killed-{step}"))
    with pytest.raises(KilledError):
        Trainer(settings).run(kill_at(step))
    resumed = Trainer(settings)
    assert resumed.resume()
    assert resumed.state.step == step
    assert load(resumed.run(nothing)).fingerprint == expected


def test_training_lowers_the_error(tmp_path):
    trainer = Trainer(read_settings(write_config(tmp_path, "run", num_steps=120)))
    before = trainer.evaluate(trainer.training)
    trainer.run(nothing)
    after = trainer.evaluate(trainer.training)
    assert after.energy_mae < before.energy_mae / 2
    assert after.force_mae < before.force_mae / 2
    assert after.stress_mae < before.stress_mae / 2


def test_the_card_says_how_the_weights_were_made(tmp_path):
    trainer = Trainer(read_settings(write_config(tmp_path, "run")))
    path = trainer.run(nothing)
    _, _, card = read_checkpoint(path)
    assert card["validation"]["num_frames"] == len(trainer.validation)
    assert card["num_training_frames"] == len(trainer.training)
    assert card["weights_sha256"] == load(path).fingerprint
    assert len(card["data_sha256"]) == 64
    assert card["settings"]["seed"] == 0
    lines = [json.loads(x) for x in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [each["step"] for each in lines if "energy_mae" in each] == [10, 15]
    assert [each["step"] for each in lines if each["loss"] is not None] == [5, 10, 15]


def test_there_is_nothing_to_resume_in_an_empty_folder(tmp_path):
    assert not Trainer(read_settings(write_config(tmp_path, "run"))).resume()


def test_a_state_of_another_network_is_refused(tmp_path):
    first = Trainer(read_settings(write_config(tmp_path, "run")))
    first.state.save(first.state_path)
    path = write_config(tmp_path, "run")
    path.write_text(path.read_text().replace("[8, 4]", "[6, 4]"))
    with pytest.raises(CheckpointError, match="remove it"):
        Trainer(read_settings(path)).resume()


def test_a_run_may_start_from_a_checkpoint(tmp_path):
    first = Trainer(read_settings(write_config(tmp_path, "first"))).run(nothing)
    path = write_config(tmp_path, "second")
    path.write_text(path.read_text() + f"start_from: {first}\n")
    second = Trainer(read_settings(path))
    for name, value in load(first).network.state_dict().items():
        assert torch.equal(second.state.network.state_dict()[name], value)


def test_a_formula_kept_for_testing_is_refused(tmp_path):
    path = write_config(tmp_path, "run")
    (tmp_path / "kept.txt").write_text("11-1;17-1;\n")
    path.write_text(path.read_text() + "excluded_formulas: kept.txt\n")
    with pytest.raises(DataError, match="keeps for testing"):
        Trainer(read_settings(path))


def test_missing_shards_are_named(tmp_path):
    path = write_config(tmp_path, "run")
    path.write_text(path.read_text().replace("shard-*", "none-*"))
    with pytest.raises(DataError, match="No label shards"):
        Trainer(read_settings(path))


def test_a_split_with_an_empty_side_is_refused(tmp_path):
    path = write_config(tmp_path, "run")
    path.write_text(path.read_text().replace("fraction: 0.5", "fraction: 0.0001"))
    with pytest.raises(DataError, match="one side"):
        Trainer(read_settings(path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("batch_size: 0", "positive"),
        ("cheese: 1", "unknown keys: cheese"),
        ("model: cheddar", "no model preset 'cheddar'"),
        ("decay_steps: 100", "more steps than the run has"),
        ("validation_fraction: 2", "between 0 and 1"),
        ("shards: ''", "needs labeled frames"),
        ("replay: x.npz\nreplay_share: 1.0", "replay_share must lie between"),
        ("matmul_precision: low", "one of highest, high, medium"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(tmp_path, line, message):
    path = write_config(tmp_path, "run")
    key = line.split(":")[0]
    kept = [each for each in path.read_text().splitlines() if not each.startswith(f"{key}:")]
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(ConfigError, match=message):
        read_settings(path)
