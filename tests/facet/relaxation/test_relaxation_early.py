"""Who certainly ends above a ceiling is stopped, and nobody else."""

import pytest
from relax_samples import crystal, lennard_jones

from facet.errors import ConfigError
from facet.relaxation.relaxer import Relaxation
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings

SETTINGS = RelaxSettings(optimizer="lbfgs-springs")


def run(ceiling, settings=SETTINGS):
    inputs = [(f"{seed}", crystal(seed)) for seed in range(6)]
    return {r.name: r for r in Relaxation(inputs, lennard_jones(), settings, ceiling)}


@pytest.fixture
def ends():
    return run(None)


def test_without_a_ceiling_nobody_is_stopped(ends):
    assert {each.stop_reason for each in ends.values()} == {StopReason.CONVERGED}
    unasked = run(lambda name, crystal: None)
    assert {n: r.num_steps for n, r in unasked.items()} == {n: r.num_steps for n, r in ends.items()}


def test_crystals_far_above_their_ceiling_stop_with_a_reason_and_their_last_geometry(ends):
    stopped = run(lambda name, crystal: -10.0)
    for name, result in stopped.items():
        assert result.stop_reason is StopReason.STOPPED_EARLY
        assert result.num_evaluations < ends[name].num_evaluations
        assert "above the limit of -10.000 eV/atom" in result.message
        assert result.energy > ends[name].energy


def test_crystals_that_end_below_their_ceiling_are_never_stopped(ends):
    results = run(lambda name, crystal: ends[name].energy / len(crystal.species) + 1e-3)
    assert {each.stop_reason for each in results.values()} == {StopReason.CONVERGED}


def test_only_the_crystals_with_a_ceiling_are_concerned():
    results = run(lambda name, crystal: -10.0 if name == "3" else None)
    stopped = [n for n, r in results.items() if r.stop_reason is StopReason.STOPPED_EARLY]
    assert stopped == ["3"]


def test_an_optimizer_that_foresees_nothing_is_refused():
    with pytest.raises(ConfigError, match="lbfgs"):
        run(lambda name, crystal: -10.0, RelaxSettings(optimizer="fire"))
