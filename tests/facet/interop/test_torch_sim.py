"""Our potentials in torch-sim say what they say at home, and torch-sim finds nothing amiss."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from ase.build import bulk

from facet import RelaxSettings, load, relax
from facet.errors import InvalidStructure, UnsupportedElement
from facet.graph.convert import atoms_from, crystal_from
from facet.graph.neighbors import build_batch
from facet.testing import LennardJones
from facet.testing.crystals import crystals_for

ABSENT = (
    "torch-sim is not installed here: it needs Python 3.12 or later and "
    '`pip install "facet[torch-sim]"`'
)


@pytest.fixture
def torch_sim():
    """torch-sim, or a skipped test."""
    return pytest.importorskip("torch_sim", reason=ABSENT)


@pytest.fixture
def model_of(torch_sim):
    """The class under test, which cannot be imported without torch-sim."""
    from facet.interop.torch_sim import FacetModel

    return FacetModel


@pytest.fixture(scope="module", params=["facet-s", "Lennard-Jones"])
def potential(request):
    """A network and a pair potential, in double precision."""
    if request.param == "facet-s":
        return load("facet-s", dtype=torch.float64)
    return LennardJones()


def at_home(potential, crystals):
    return potential(build_batch(crystals, potential.cutoff, potential.dtype))


def state_of(torch_sim, crystals, dtype=torch.float64):
    atoms = [atoms_from(each) for each in crystals]
    return torch_sim.io.atoms_to_state(atoms, torch.device("cpu"), dtype)


def assert_same(results, prediction):
    assert torch.allclose(results["energy"], prediction.energy, rtol=0, atol=1e-9)
    assert torch.allclose(results["forces"], prediction.forces, rtol=0, atol=1e-9)
    assert torch.allclose(results["stress"], prediction.stress, rtol=0, atol=1e-9)


def test_importing_facet_does_not_import_torch_sim():
    code = "import sys, facet, facet.interop; sys.exit('torch_sim' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_sim_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_sim", None)
    monkeypatch.setitem(sys.modules, "torch_sim.models.interface", None)
    monkeypatch.delitem(sys.modules, "facet.interop.torch_sim", raising=False)
    with pytest.raises(ImportError, match=r'Python 3\.12.*pip install "facet\[torch-sim\]"'):
        importlib.import_module("facet.interop.torch_sim")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_validation_of_torch_sim_passes(model_of, dtype):
    from torch_sim.models.interface import validate_model_outputs

    model = model_of(load("facet-s", dtype=dtype))
    validate_model_outputs(model, torch.device("cpu"), dtype)


def test_the_validation_of_torch_sim_passes_for_any_potential(model_of):
    from torch_sim.models.interface import validate_model_outputs

    model = model_of(LennardJones(), compute_forces=False, compute_stress=False)
    validate_model_outputs(model, torch.device("cpu"), torch.float64)


def test_crystals_alone_are_given_the_same_numbers_as_at_home(torch_sim, model_of, potential):
    model = model_of(potential)
    for crystal in crystals_for(potential).values():
        results = model(state_of(torch_sim, [crystal]))
        assert_same(results, at_home(potential, [crystal]))


def test_a_mixed_batch_is_given_the_same_numbers_as_at_home(torch_sim, model_of, potential):
    crystals = list(crystals_for(potential).values())
    results = model_of(potential)(state_of(torch_sim, crystals))
    prediction = at_home(potential, crystals)
    assert prediction.stress.abs().max() > 1e-3
    assert_same(results, prediction)


def test_the_same_model_follows_systems_that_move_and_change(torch_sim, model_of, potential):
    model, rng = model_of(potential), np.random.default_rng(2)
    crystals = list(crystals_for(potential).values())
    for count in (4, 4, 4, 2, 4):
        crystals = [
            each._replace(positions=each.positions + rng.normal(0, 0.1, each.positions.shape))
            for each in crystals
        ]
        results = model(state_of(torch_sim, crystals[:count]))
        assert_same(results, at_home(potential, crystals[:count]))


def test_states_in_double_precision_may_be_moved_by_a_potential_in_single(torch_sim, model_of):
    potential = load("facet-s")
    model = model_of(potential, dtype=torch.float64)
    crystals = list(crystals_for(potential).values())
    results = model(state_of(torch_sim, crystals))
    prediction = at_home(potential, crystals)
    assert model.dtype == torch.float64
    assert {each.dtype for each in results.values()} == {torch.float64}
    assert torch.allclose(results["energy"], prediction.energy, rtol=0, atol=1e-5)
    assert torch.allclose(results["forces"].float(), prediction.forces, rtol=1e-4, atol=1e-4)


def test_forces_and_stress_may_be_left_out(torch_sim, model_of):
    state = state_of(torch_sim, [crystal_from(bulk("Cu"))])
    model = model_of(LennardJones(), compute_forces=False, compute_stress=False)
    assert set(model(state)) == {"energy"}
    model.compute_forces = True
    assert set(model(state)) == {"energy", "forces"}
    model.compute_stress = True
    assert set(model(state)) == {"energy", "forces", "stress"}


def test_a_molecule_without_a_cell_has_forces_but_no_stress(torch_sim, model_of):
    from ase.build import molecule

    state = torch_sim.io.atoms_to_state([molecule("C6H6")], torch.device("cpu"), torch.float64)
    results = model_of(load("facet-s", dtype=torch.float64))(state)
    assert results["forces"].abs().max() > 0.01
    assert not results["stress"].any()


def test_an_unknown_element_is_named(torch_sim, model_of):
    model = model_of(LennardJones(species=frozenset({29})))
    crystals = [crystal_from(bulk("Cu")), crystal_from(bulk("Fe"))]
    with pytest.raises(UnsupportedElement, match=r"Fe.* place 1 "):
        model(state_of(torch_sim, crystals))


def test_a_system_that_exploded_is_named(torch_sim, model_of):
    state = state_of(torch_sim, [crystal_from(bulk("Cu")), crystal_from(bulk("Fe"))])
    model = model_of(LennardJones())
    model(state)
    state.positions = state.positions * torch.tensor([[1.0], [torch.nan]])
    with pytest.raises(InvalidStructure, match="System 1"):
        model(state)


def test_torch_sim_relaxes_to_where_our_own_relaxation_ends(torch_sim, model_of):
    potential = load("facet-s", dtype=torch.float64)
    atoms = [bulk("Si", a=5.6), bulk("NaCl", "rocksalt", a=5.5), bulk("Cu", a=3.5)]
    for number, each in enumerate(atoms):
        each.rattle(0.05, seed=number)
    final = torch_sim.optimize(
        system=atoms,
        model=model_of(potential),
        optimizer=torch_sim.Optimizer.fire,
        convergence_fn=torch_sim.generate_force_convergence_fn(1e-3, include_cell_forces=True),
        init_kwargs={"cell_filter": torch_sim.CellFilter.frechet},
        max_steps=500,
    )
    named = [(str(number), each) for number, each in enumerate(atoms)]
    ours = {
        each.name: each for each in relax(named, potential, RelaxSettings(fmax=1e-3, smax=0.01))
    }
    for number, energy in enumerate(final.energy.tolist()):
        result = ours[str(number)]
        assert energy == pytest.approx(result.energy, abs=1e-4 * len(atoms[number]))
        assert abs(torch.linalg.det(final.cell[number])) == pytest.approx(
            result.structure.volume, rel=2e-3
        )
