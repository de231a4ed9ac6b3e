"""What relax() promises of every crystal and of the stream."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from relax_samples import crystal, lennard_jones

from facet.graph.convert import atoms_from
from facet.graph.neighbors import Crystal, build_batch
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from facet.testing import HarmonicBonds, NanOn
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA


def only(results):
    (result,) = results
    return result


def said_again(result, potential):
    return potential(build_batch([result.crystal], potential.cutoff))


def test_a_converged_crystal_is_at_rest_at_the_stored_geometry():
    settings = RelaxSettings(fmax=0.01, smax=0.05)
    result = only(relax([crystal(4)], lennard_jones(), settings))
    again = said_again(result, lennard_jones())
    assert result.stop_reason is StopReason.CONVERGED
    assert result.fmax <= 0.01
    assert result.smax <= 0.05
    assert result.fmax == pytest.approx(again.forces.norm(dim=1).max().item(), abs=1e-12)
    assert result.smax == pytest.approx(
        again.stress.abs().max().item() * EV_PER_CUBIC_ANGSTROM_IN_GPA, abs=1e-9
    )
    assert result.energy == pytest.approx(again.energy.item(), abs=1e-12)
    np.testing.assert_allclose(result.forces, again.forces, atol=1e-12)
    np.testing.assert_allclose(result.stress, again.stress[0], atol=1e-12)


def test_small_forces_under_large_stress_are_not_converged():
    perfect = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.2), ["Cu"], [[0, 0, 0]])
    first = only(relax([perfect], lennard_jones(), RelaxSettings(max_steps=0)))
    assert first.fmax < 1e-9
    assert first.smax > 1
    assert first.stop_reason is StopReason.MAX_STEPS
    assert "more steps" in first.message
    assert only(relax([perfect], lennard_jones())).num_steps > 0


def test_springs_relax_to_their_rest_length_and_no_energy():
    cell = np.array([[0, 1.0, 1], [1, 0, 1], [1, 1, 0]]) * 2.05
    start = Crystal(np.array([29]), np.zeros((1, 3)), cell)
    result = only(relax([start], HarmonicBonds(), RelaxSettings(smax=1e-4)))
    assert result.energy == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(np.linalg.norm(result.cell, axis=1), 2.7, atol=1e-4)


def test_a_cell_relaxed_under_pressure_has_the_stress_that_balances_it():
    result = only(relax([crystal(2)], lennard_jones(), RelaxSettings(pressure=5, smax=0.01)))
    assert result.stop_reason is StopReason.CONVERGED
    stress = result.stress * EV_PER_CUBIC_ANGSTROM_IN_GPA
    np.testing.assert_allclose(stress, -5 * np.eye(3), atol=0.01)


def test_a_fixed_cell_stays_and_is_not_asked_for_its_stress():
    start = crystal(6)
    result = only(relax([start], lennard_jones(), RelaxSettings(cell="fixed")))
    assert result.stop_reason is StopReason.CONVERGED
    assert result.smax == 0
    assert np.abs(result.stress).max() * EV_PER_CUBIC_ANGSTROM_IN_GPA > 0.1
    np.testing.assert_array_equal(result.cell, start.cell)


def test_no_step_is_longer_than_allowed():
    start = crystal(8)
    settings = RelaxSettings(max_step=0.01, max_steps=5, cell="fixed")
    result = only(relax([start], lennard_jones(), settings))
    moved = np.linalg.norm(result.positions - start.positions, axis=1).max()
    assert 0.005 < moved <= 5 * 0.01 + 1e-12


def test_left_and_right_handed_cells_have_the_same_end():
    start = crystal(9)
    mirrored = start._replace(cell=start.cell[[0, 2, 1]])
    results = {r.name: r for r in relax({"a": start, "b": mirrored}.items(), lennard_jones())}
    assert results["a"].energy == pytest.approx(results["b"].energy, abs=1e-9)
    assert results["a"].num_steps == results["b"].num_steps
    assert np.linalg.det(results["b"].cell) < 0
    assert results["b"].initial_volume == pytest.approx(abs(np.linalg.det(start.cell)))


def test_single_precision_potentials_find_the_same_minimum():
    import torch

    double = only(relax([crystal(1)], lennard_jones()))
    single = only(relax([crystal(1)], lennard_jones(dtype=torch.float32)))
    assert single.positions.dtype == np.float64
    assert single.energy == pytest.approx(double.energy, abs=4e-3)


def test_a_crystal_that_turns_nan_reports_its_last_good_geometry():
    result = only(relax([crystal(1, species=2)], NanOn(lennard_jones(), num_sound_calls=3)))
    assert result.stop_reason is StopReason.DIVERGED
    assert "not a finite number" in result.message
    assert result.num_steps == 3
    assert np.abs(result.positions - crystal(1).positions).max() > 1e-3
    assert result.energy == said_again(result, lennard_jones()).energy.item()


def test_a_crystal_that_is_torn_apart_diverges_with_its_last_sound_geometry():
    settings = RelaxSettings(pressure=-60)
    result = only(relax([crystal(1)], lennard_jones(), settings))
    assert result.stop_reason is StopReason.DIVERGED
    assert "times its first volume" in result.message
    assert np.isfinite(result.energy)
    assert abs(np.linalg.det(result.cell)) < settings.max_volume_ratio * result.initial_volume


def test_a_crystal_that_is_crushed_diverges():
    result = only(relax([crystal(1)], HarmonicBonds(), RelaxSettings(pressure=5000)))
    assert result.stop_reason is StopReason.DIVERGED
    assert np.isfinite(result.energy)


@pytest.mark.parametrize(
    ("limit", "fault"), [({"max_energy_per_atom": 1e-3}, "energy"), ({"max_force": 1e-3}, "force")]
)
def test_absurd_predictions_end_a_crystal(limit, fault):
    result = only(relax([crystal(1)], lennard_jones(), RelaxSettings(**limit)))
    assert result.stop_reason is StopReason.DIVERGED
    assert fault in result.message
    assert np.isnan(result.energy)
    np.testing.assert_allclose(result.positions, crystal(1).positions)


def test_pymatgen_and_ase_objects_come_back_as_structures_of_the_same_species():
    mixed = Structure(Lattice.cubic(3.6), ["Cu", "He"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    atoms = atoms_from(crystal(2))
    first, second = sorted(relax([("s", mixed), atoms], lennard_jones()), key=lambda r: r.name)
    assert (first.name, second.name) == ("s", "structure-1")
    assert first.structure.composition == mixed.composition
    assert [site.specie.symbol for site in first.structure] == ["Cu", "He"]
    assert second.structure.volume == pytest.approx(abs(np.linalg.det(second.cell)))


def test_an_endless_input_is_read_only_as_far_as_there_is_room():
    read = []

    def endless():
        for seed in itertools.count():
            read.append(seed)
            yield f"{seed}", crystal(seed % 5)

    settings = RelaxSettings(max_batch_atoms=12)
    results = list(itertools.islice(relax(endless(), lennard_jones(), settings), 9))
    assert len({result.name for result in results}) == 9
    assert len(read) <= 9 + 3 + 1  # ended, in flight, and one read ahead


def test_endless_bad_input_does_not_hold_back_the_news_of_it():
    results = relax(itertools.repeat("no crystal"), lennard_jones())
    assert [next(results).stop_reason for _ in range(3)] == [StopReason.UNSUPPORTED] * 3


def test_nothing_in_nothing_out():
    assert list(relax([], lennard_jones())) == []


@hypothesis_settings(max_examples=12)
@given(
    order=st.permutations(range(7)),
    max_atoms=st.integers(1, 40),
    max_edges=st.integers(1, 1500),
)
def test_every_input_comes_out_once_whatever_the_order_and_the_budget(order, max_atoms, max_edges):
    sizes = (1, 1, 2, 1, 3, 1, 1)
    settings = RelaxSettings(max_steps=4, max_batch_atoms=max_atoms, max_batch_edges=max_edges)
    inputs = [(f"{index}", crystal(index, repeats=sizes[index])) for index in order]
    results = {r.name: r for r in relax(inputs, lennard_jones(), settings)}
    assert sorted(results) == [f"{index}" for index in range(7)]
    alone = only(relax([inputs[0]], lennard_jones(), settings))
    assert results[alone.name].energy == pytest.approx(alone.energy, abs=1e-10)
    assert results[alone.name].stop_reason is alone.stop_reason


def test_wall_time_is_shared_out_and_not_invented():
    from time import perf_counter

    started = perf_counter()
    results = list(relax([crystal(seed) for seed in range(4)], lennard_jones()))
    elapsed = perf_counter() - started
    shares = [result.wall_share for result in results]
    assert min(shares) > 0
    assert 0.2 * elapsed < sum(shares) <= elapsed


def test_the_engine_runs_where_neither_ase_nor_pymatgen_nor_vesin_is_installed():
    program = """
import sys
for name in ("ase", "pymatgen", "vesin", "scipy"):
    sys.modules[name] = None
import numpy as np
import facet.graph.neighbors
facet.graph.neighbors.HAS_VESIN = False
from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import relax
from facet.testing import LennardJones
cell = 1.8 * np.array([[0.05, 1, 1], [1, 0, 1], [1, 1, 0]])
(result,) = relax([Crystal(np.array([29]), np.zeros((1, 3)), cell)], LennardJones())
assert result.stop_reason == "converged", result.message
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_metal_whose_atoms_lie_beyond_the_cutoff_is_at_rest():
    cesium = Crystal(np.array([55]), np.zeros((1, 3)), 3.07 * (np.ones((3, 3)) - 2 * np.eye(3)))
    potential = lennard_jones(species=frozenset({55}))
    (result,) = relax([("Cs", cesium)], potential)
    assert result.stop_reason == StopReason.CONVERGED
    assert result.num_steps == 0
