"""Fine-tuning learns the new and keeps the old."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from training_samples import CONFIG, SPECIES, write_shard

from facet.checkpoint import load, read_checkpoint
from facet.errors import DataError
from facet.training.evaluate import measure
from facet.training.labels import read_shards
from facet.training.loop import Trainer
from facet.training.replay import fit_offset, shifted
from facet.training.settings import read_settings

OLD = {"species": (11, 19)}
NEW = {"species": (17,), "sigma": 2.45}
"""An element and a potential that the first run never saw."""


def nothing(_values):
    pass


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder with old and new shards and the config of a potential trained on the old ones."""
    folder = tmp_path_factory.mktemp("tuning")
    write_shard(folder / "old-0.npz", 64, 1, **OLD)
    write_shard(folder / "new-0.npz", 48, 2, **NEW)
    write_shard(folder / "test-old.npz", 40, 3, **OLD)
    write_shard(folder / "test-new.npz", 40, 4, **NEW)
    path = folder / "first.yaml"
    text = CONFIG.format(shards="old-*.npz", output="first", num_steps=300)
    for before, after in [
        ("decay_steps: 4", "decay_steps: 100"),
        ("validation_fraction: 0.5", "validation_fraction: 0"),
        ("save_every: 5", "save_every: 1000"),
        ("evaluate_every: 10", "evaluate_every: 1000"),
    ]:
        text = text.replace(before, after)
    path.write_text(text)
    Trainer(read_settings(path)).run(nothing)
    return path


def tuning(first, name, **changes):
    folder = first.parent
    settings = replace(
        read_settings(first),
        shards=str(folder / "new-*.npz"),
        output=str(folder / name),
        start_from=str(folder / "first" / "final.safetensors"),
        num_steps=100,
        decay_steps=50,
        learning_rate=3e-3,
        batch_size=8,
        ema=0.95,
        weight_decay=0.0,
        refit_energies=True,
    )
    return replace(settings, **changes)


def errors(checkpoint, shard):
    frames = read_shards([shard])
    return measure(load(checkpoint, check=False), frames.frames(range(len(frames))))


def test_new_chemistry_is_learned_and_with_replay_the_old_is_kept(first):
    """Tolerance: old energy errors rise by no more than a half, old force errors threefold."""
    folder = first.parent
    before = folder / "first" / "final.safetensors"
    forgetting = Trainer(tuning(first, "forgetting")).run(nothing)
    keeping = Trainer(tuning(first, "keeping", replay=str(folder / "old-*.npz"))).run(nothing)
    old = [errors(each, folder / "test-old.npz") for each in (before, forgetting, keeping)]
    new = [errors(each, folder / "test-new.npz") for each in (before, forgetting, keeping)]
    for tuned in new[1:]:
        assert tuned.energy_mae < new[0].energy_mae / 20
        assert tuned.force_mae < new[0].force_mae / 1.5
    assert old[1].energy_mae > 8 * old[0].energy_mae
    assert old[1].force_mae > 6 * old[0].force_mae
    assert old[2].energy_mae < 1.5 * old[0].energy_mae
    assert old[2].force_mae < 3 * old[0].force_mae


def test_a_batch_holds_new_and_replayed_frames_in_the_ratio_asked_for(first):
    settings = tuning(first, "ratio", replay=str(first.parent / "old-*.npz"), replay_share=0.75)
    trainer = Trainer(settings)
    assert len(trainer.batches.at(0)) == 2
    assert len(trainer.replay.batches.at(0)) == 6


def test_a_killed_fine_tuning_goes_on_to_the_same_weights(first):
    changes = {"replay": str(first.parent / "old-*.npz"), "num_steps": 12, "decay_steps": 4}
    whole = Trainer(tuning(first, "whole", save_every=5, **changes))
    expected = load(whole.run(nothing)).fingerprint

    def kill(values):
        if values["step"] == 5:
            raise KeyboardInterrupt

    settings = tuning(first, "killed", save_every=5, **changes)
    with pytest.raises(KeyboardInterrupt):
        Trainer(settings).run(kill)
    resumed = Trainer(settings)
    assert resumed.resume()
    assert load(resumed.run(nothing)).fingerprint == expected


def test_errors_on_replayed_frames_are_logged_and_the_card_names_them(first):
    folder = first.parent
    settings = tuning(first, "logged", replay=str(folder / "old-*.npz"), validation_fraction=0.5)
    shard = write_shard(folder / "log-0.npz", 40, 7)
    settings = replace(settings, shards=str(shard), num_steps=5, decay_steps=2)
    trainer = Trainer(settings)
    _, _, card = read_checkpoint(trainer.run(nothing))
    assert card["validation"]["replay_num_frames"] == len(trainer.replay.validation) > 0
    assert card["replay_sha256"] == read_shards([folder / "old-0.npz"]).digest()


def test_held_out_formulas_are_not_replayed(first):
    shard = write_shard(first.parent / "both-0.npz", 40, 5)
    settings = tuning(first, "leaks", shards=str(shard), replay=str(shard))
    trainer = Trainer(replace(settings, validation_fraction=0.5))
    formulas = np.array([str(each) for each in trainer.frames.formulas()])
    replayed = set(formulas[trainer.replay.training])
    assert not replayed & set(formulas[trainer.validation])


def test_nothing_to_replay_is_refused(first):
    with pytest.raises(DataError, match="No label shards"):
        Trainer(tuning(first, "none", replay=str(first.parent / "nothing-*.npz")))


def test_the_offset_of_each_element_is_found_and_moves_both_scales(first):
    frames = read_shards([write_shard(first.parent / "all.npz", 40, 6)])
    potential = load(first.parent / "first" / "final.safetensors", check=False)
    everything = np.arange(len(frames))
    before = fit_offset(potential, frames, everything, SPECIES)
    moved = shifted(frames, np.array([1.0, -2.0, 0.5]), SPECIES)
    after = fit_offset(potential, moved, everything, SPECIES)
    np.testing.assert_allclose(after - before, [1.0, -2.0, 0.5], atol=1e-6)
    assert (moved.forces == frames.forces).all()


def test_without_being_asked_no_energy_is_refitted(first):
    trainer = Trainer(tuning(first, "plain", refit_energies=False))
    start = load(first.parent / "first" / "final.safetensors", check=False)
    shift = trainer.state.network.readout.species_shift
    assert torch.equal(shift, start.network.readout.species_shift.to(shift.dtype))
