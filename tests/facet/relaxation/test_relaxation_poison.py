"""No crystal can harm another: healthy ones end as in a clean run, whatever flies with them."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from relax_samples import (
    HELIUM,
    NEON,
    XENON,
    crystal,
    flat,
    lennard_jones,
    pair_apart,
    with_nan,
)

from facet.errors import InvalidStructure
from facet.graph.neighbors import find_pairs
from facet.potential import Prediction
from facet.relaxation import surroundings
from facet.relaxation.optimizers.fire import Fire
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from facet.testing import NanOn, RaisesOn, SmallMemory, Wrapper

HEALTHY = {f"healthy-{seed}": crystal(seed) for seed in range(6)} | {
    "healthy-large": crystal(6, repeats=2)
}

POISON = {
    "nan": (with_nan(), StopReason.UNSUPPORTED, "not a finite number"),
    "overlap": (pair_apart(0.1), StopReason.UNSUPPORTED, "0.1 A apart"),
    "near overlap": (pair_apart(0.6), StopReason.DIVERGED, "beyond"),
    "flat": (flat(), StopReason.UNSUPPORTED, "leaves no room"),
    "thin": (
        crystal()._replace(cell=np.diag([50.0, 50.0, 0.01])),
        StopReason.UNSUPPORTED,
        "own image",
    ),
    "vast": (
        crystal()._replace(positions=30 * crystal().positions, cell=50 * np.eye(3)),
        StopReason.UNSUPPORTED,
        "no atom has a neighbor",
    ),
    "unknown element": (crystal(species=XENON), StopReason.UNSUPPORTED, "does not know Xe"),
    "no crystal": ("Cu4.cif", StopReason.UNSUPPORTED, "a str is no crystal"),
    "raises": (crystal(species=HELIUM), StopReason.FAILED, "a kernel failed"),
    "turns nan": (crystal(species=NEON), StopReason.DIVERGED, "not a finite number"),
    "too large": (crystal(repeats=8), StopReason.FAILED, "more memory than there is"),
}


@dataclass(frozen=True)
class SpoilsAll(Wrapper):
    """Answers nan for the whole batch as soon as a marked crystal is in it."""

    def __call__(self, batch):
        said = self.inner(batch)
        if not (batch.species == HELIUM).any():
            return said
        return Prediction(said.energy * np.nan, said.forces * np.nan, said.stress * np.nan)


@pytest.fixture(scope="module")
def clean():
    return {result.name: result for result in relax(HEALTHY.items(), lennard_jones())}


def assert_as_clean(results, clean):
    for name, expected in clean.items():
        found = results[name]
        assert found.stop_reason is expected.stop_reason, found.message
        assert found.num_steps == expected.num_steps
        assert found.energy == pytest.approx(expected.energy, abs=1e-5 * len(found.species))


@pytest.mark.parametrize("seed", range(3))
def test_poisoned_crystals_end_alone_and_the_healthy_do_not_notice(clean, seed):
    saboteur = NanOn(lennard_jones(), marker=NEON, num_sound_calls=3)
    potential = SmallMemory(RaisesOn(saboteur, marker=HELIUM), max_atoms=20)
    inputs = [*HEALTHY.items(), *((name, poison[0]) for name, poison in POISON.items())]
    inputs = [inputs[index] for index in np.random.default_rng(seed).permutation(len(inputs))]
    settings = RelaxSettings(max_batch_atoms=(8, 30, 500)[seed])
    outputs = list(relax(inputs, potential, settings))
    results = {result.name: result for result in outputs}
    assert len(outputs) == len(inputs) == len(results)
    assert_as_clean(results, clean)
    for name, (_, reason, words) in POISON.items():
        assert results[name].stop_reason is reason, (name, results[name].message)
        assert words in results[name].message
        assert results[name].message.endswith(".")


def test_when_memory_runs_out_the_survivors_go_on_in_smaller_batches(clean):
    potential = SmallMemory(lennard_jones(), max_atoms=10)
    results = {result.name: result for result in relax(HEALTHY.items(), potential)}
    assert_as_clean(results, clean)
    refused = [call for call, size in enumerate(potential.sizes) if size > 10]
    assert len(refused) > 1
    assert refused[-1] < 2 * len(HEALTHY), "it ran out again after the first step"


@dataclass(frozen=True)
class LosesMemory(Wrapper):
    """Runs out of memory on all but the smallest batches once it was asked a few times."""

    sizes: list[int] = field(default_factory=list)

    def __call__(self, batch):
        self.sizes.append(batch.num_atoms)
        if len(self.sizes) > 4 and batch.num_atoms > 8:
            raise RuntimeError("CUDA error: out of memory")
        return self.inner(batch)


def test_memory_that_is_lost_on_the_way_costs_no_crystal_a_step(clean):
    potential = LosesMemory(lennard_jones())
    results = {result.name: result for result in relax(HEALTHY.items(), potential)}
    assert max(potential.sizes[:4]) > 8
    assert max(potential.sizes[-5:]) <= 8
    assert_as_clean(results, clean)
    for name, expected in clean.items():
        assert results[name].num_evaluations == expected.num_evaluations
        assert np.allclose(results[name].positions, expected.positions, atol=1e-6)


def test_crystals_beyond_the_budget_relax_alone_and_hold_nobody_up(clean):
    inputs = {"giant": crystal(7, repeats=6), **HEALTHY}
    settings = RelaxSettings(max_batch_atoms=6)
    outputs = list(relax(inputs.items(), lennard_jones(), settings))
    results = {result.name: result for result in outputs}
    assert len(outputs) == len(inputs)
    assert_as_clean(results, clean)
    assert results["giant"].stop_reason is StopReason.CONVERGED, results["giant"].message


def test_a_potential_that_spoils_its_whole_batch_spoils_only_the_culprit(clean):
    inputs = {"culprit": crystal(species=HELIUM), **HEALTHY}
    results = {r.name: r for r in relax(inputs.items(), SpoilsAll(lennard_jones()))}
    assert results["culprit"].stop_reason is StopReason.DIVERGED
    assert_as_clean(results, clean)


def test_a_potential_that_always_fails_fails_every_crystal_and_never_the_caller():
    @dataclass(frozen=True)
    class Misshapen(Wrapper):
        def __call__(self, batch):
            said = self.inner(batch)
            return Prediction(said.energy[:, None], said.forces, said.stress)

    results = list(relax(HEALTHY.items(), Misshapen(lennard_jones())))
    assert {result.stop_reason for result in results} == {StopReason.FAILED}
    assert sorted(result.name for result in results) == sorted(HEALTHY)
    assert all("shapes" in result.message for result in results)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidStructure("The cell has no room."), StopReason.DIVERGED),
        (RuntimeError("the list is broken"), StopReason.FAILED),
    ],
)
def test_a_crystal_that_loses_its_neighbor_list_ends_alone(clean, monkeypatch, error, reason):
    def find_pairs_or_fail(crystal, cutoff):
        if HELIUM in crystal.species:
            raise error
        return find_pairs(crystal, cutoff)

    monkeypatch.setattr(surroundings, "find_pairs", find_pairs_or_fail)
    inputs = {**HEALTHY, "culprit": crystal(3, species=HELIUM)}
    results = {r.name: r for r in relax(inputs.items(), lennard_jones())}
    assert_as_clean(results, clean)
    assert results["culprit"].stop_reason is reason
    assert str(error).rstrip(".") in results["culprit"].message
    assert np.isfinite(results["culprit"].energy)


def test_a_stop_from_the_keyboard_is_not_swallowed():
    potential = RaisesOn(lennard_jones(), marker=29, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        next(relax([crystal()], potential))


def test_a_structure_that_could_not_be_read_has_no_atoms():
    (result,) = relax([("x", object())], lennard_jones())
    assert result.species.shape == (0,)
    assert np.isnan(result.energy)
    assert torch.is_tensor(result.forces) is False


def test_a_crystal_that_the_optimizer_cannot_move_fails_alone(monkeypatch):
    class Stubborn(Fire):
        def step(self, memory, here, limits):
            if (here.species == HELIUM).any():
                raise RuntimeError("no such factorization")
            return super().step(memory, here, limits)

    monkeypatch.setattr("facet.relaxation.motion.optimizer_named", lambda name: Stubborn())
    settings = RelaxSettings(optimizer="fire")
    inputs = {**HEALTHY, "odd": crystal(3, species=HELIUM)}
    results = {each.name: each for each in relax(inputs.items(), lennard_jones(), settings)}
    assert results["odd"].stop_reason is StopReason.FAILED
    assert "no such factorization" in results["odd"].message
    assert np.isfinite(results["odd"].energy)
    assert {results[name].stop_reason for name in HEALTHY} == {StopReason.CONVERGED}


def test_a_lack_of_memory_outside_the_potential_costs_only_those_who_cannot_do_without(
    clean, monkeypatch
):
    def look(state, cutoff, settings):
        if state.num_atoms > 8 or (state.ledger.species == HELIUM).any():
            raise torch.OutOfMemoryError("CUDA out of memory while finding the neighbors.")
        return surroundings.look_around(state, cutoff, settings)

    monkeypatch.setattr("facet.relaxation.lane.look_around", look)
    inputs = {**HEALTHY, "odd": crystal(3, species=HELIUM)}
    results = {each.name: each for each in relax(inputs.items(), lennard_jones())}
    assert results.pop("odd").stop_reason is StopReason.FAILED
    assert_as_clean(results, clean)
