"""Promises of the choice of frames."""

import numpy as np
import pytest
from training_samples import write_config, write_shard

from facet.checkpoint import load
from facet.training.batches import EqualCosts, EqualCounts, expected_edges
from facet.training.labels import read_shards
from facet.training.loop import Trainer
from facet.training.references import mean_neighbors
from facet.training.settings import read_settings

COSTS = np.random.default_rng(0).integers(1, 400, 500)
FRAMES = np.arange(1000, 1500)


def test_every_frame_comes_once_in_a_pass():
    batches = EqualCounts(FRAMES, 50, 0)
    assert sorted(np.concatenate([batches.at(step) for step in range(10)])) == FRAMES.tolist()


def test_the_order_is_that_of_the_first_runs():
    """Runs that were begun before there were other batches must go on exactly."""
    order = np.random.default_rng((3, 2)).permutation(500)
    chosen = EqualCounts(FRAMES, 50, 3).at(2 * 10 + 4)
    assert (chosen == FRAMES[order[200:250]]).all()


def test_batches_of_equal_cost_differ_by_no_more_than_one_frame():
    batches = EqualCosts(FRAMES, COSTS, 4000, 0)
    steps = COSTS.sum() // 4000
    chosen = [batches.at(step) for step in range(steps)]
    costs = [COSTS[each - 1000].sum() for each in chosen]
    assert max(costs) < 4000 + COSTS.max()
    assert min(costs) > 4000 - COSTS.max()
    everything = np.concatenate(chosen)
    assert len(set(everything)) == len(everything) > 500 - len(chosen[0])


@pytest.mark.parametrize("make", [lambda seed: EqualCounts(FRAMES, 32, seed),
                                  lambda seed: EqualCosts(FRAMES, COSTS, 4000, seed)])  # fmt: skip
def test_batches_depend_on_seed_and_step_alone(make):
    wandering = make(1)
    for step in (70, 3, 0, 41):
        wandering.at(step)
    assert (wandering.at(5) == make(1).at(5)).all()
    assert set(make(1).at(5)) != set(make(2).at(5))
    assert set(make(1).at(5)) != set(make(1).at(45))


def test_a_frame_above_the_budget_still_gets_a_batch():
    batches = EqualCosts(np.arange(3), np.array([5, 900, 7]), 10, 0)
    assert len(batches.at(0)) > 0


def test_expected_edges_are_close_to_the_true_ones(tmp_path):
    frames = read_shards([write_shard(tmp_path / "a.npz", 40)])
    expected = expected_edges(frames, np.arange(40), 4.0).sum()
    true = mean_neighbors(list(frames.frames(range(40))), 4.0) * 80
    assert abs(expected / true - 1) < 0.25


def test_a_run_with_batches_of_equal_cost_resumes_exactly(tmp_path):
    def settings(name):
        path = write_config(tmp_path, name)
        path.write_text(path.read_text() + "batch_edges: 100\n")
        return read_settings(path)

    def stop(values):
        if values["step"] == 10:
            raise KeyboardInterrupt

    expected = load(Trainer(settings("whole")).run(lambda _: None)).fingerprint
    with pytest.raises(KeyboardInterrupt):
        Trainer(settings("killed")).run(stop)
    resumed = Trainer(settings("killed"))
    assert resumed.resume()
    assert load(resumed.run(lambda _: None)).fingerprint == expected
