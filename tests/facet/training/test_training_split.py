"""Promises of the split, the loss and the starting values."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_samples import SPECIES, write_shard

from facet.graph.neighbors import build_batch
from facet.potential import Prediction
from facet.training.labels import read_shards, reduced_formula
from facet.training.loss import LossWeights, Targets, total_loss
from facet.training.references import fit_species_shift, mean_neighbors, rms_force
from facet.training.split import validation_mask

FORMULAS = st.integers(1, 12).map(lambda number: ((number, 1),))


@given(st.lists(st.tuples(FORMULAS, st.sampled_from("abcdefgh")), min_size=1, max_size=40))
def test_no_formula_and_no_parent_is_on_both_sides(frames):
    formulas, parents = zip(*frames, strict=True)
    mask = validation_mask(formulas, parents, 0.4)
    for values in (formulas, parents):
        first = {value for value, chosen in zip(values, mask, strict=True) if chosen}
        second = {value for value, chosen in zip(values, mask, strict=True) if not chosen}
        assert not first & second


def test_the_split_does_not_depend_on_the_order_of_frames():
    formulas = [((number, 1),) for number in range(1, 60)]
    parents = [str(number) for number in range(1, 60)]
    mask = validation_mask(formulas, parents, 0.3)
    backward = validation_mask(formulas[::-1], parents[::-1], 0.3)[::-1]
    assert (mask == backward).all()
    assert 5 < mask.sum() < 35


def test_formulas_are_reduced():
    assert reduced_formula(np.array([8, 26, 8, 26, 8, 8])) == ((8, 2), (26, 1))


def test_a_perfect_prediction_has_no_loss(tmp_path):
    frames = read_shards([write_shard(tmp_path / "a.npz", 3)])
    chosen = list(frames.frames(range(3)))
    batch = build_batch([each.crystal for each in chosen], 4.0)
    energy = torch.tensor([each.energy for each in chosen])
    forces = torch.as_tensor(np.concatenate([each.forces for each in chosen])).double()
    stress = torch.as_tensor(np.stack([each.stress for each in chosen])).double()
    targets = Targets(energy, forces, stress)
    right = total_loss(Prediction(energy, forces, stress), targets, batch, LossWeights())
    wrong = total_loss(Prediction(energy + 1, forces, stress), targets, batch, LossWeights())
    assert right < 1e-3
    assert abs(float(wrong - right) - 20 / 2) < 1e-6  # 1 eV on two atoms, weight 20 per eV/atom


def test_species_shifts_recover_a_sum_over_elements(tmp_path):
    frames = read_shards([write_shard(tmp_path / "a.npz", 40)])
    linear = np.add.reduceat(0.5 * frames.Z.astype(float), frames.starts)
    exact = type(frames)(**{**vars(frames), "energy": linear})
    shift = fit_species_shift(exact, np.arange(40), SPECIES)
    assert np.allclose(shift, [0.5 * number for number in SPECIES])


def test_statistics_of_the_training_set_are_those_of_its_frames(tmp_path):
    chosen = list(read_shards([write_shard(tmp_path / "a.npz", 5)]).frames(range(5)))
    assert mean_neighbors(chosen, 3.0) == 8  # the nearest shell of a slightly distorted bcc cell
    forces = np.concatenate([each.forces for each in chosen])
    assert np.isclose(rms_force(chosen), np.sqrt(np.mean(forces**2)))
