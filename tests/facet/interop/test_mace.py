"""MACE behind our protocol says what MACE says; its pickle is never opened unverified."""

import hashlib
import io
import lzma
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from facet import load
from facet.errors import CheckpointError, UnsupportedElement
from facet.graph.neighbors import Crystal, build_batch
from facet.interop import mace
from facet.interop.mace import MACE_MP_0_SMALL, MacePotential, load_mace

ROOT = Path(__file__).parents[3]
POOL = ROOT.parent / "shared" / "data" / "pool.npz.xz"
PYTHON = ROOT / ".venv-mace" / "bin" / "python"
WEIGHTS = (
    ROOT / ".venv-mace" / "mace_mp_small.model",
    ROOT.parent / "shared" / "weights" / "mace_mp_small.model",
)
MAX_ATOMS = 20
NUM_CRYSTALS = 50
NUM_FACET = 5


class TouchesAFile:
    """A pickle that does something when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class KnowsSilicon(torch.nn.Module):
    """What MacePotential reads of a model, without MACE."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.register_buffer("r_max", torch.tensor(6.0))
        self.register_buffer("atomic_numbers", torch.tensor([14]))


@pytest.fixture(scope="module")
def crystals():
    """Fifty crystals of many kinds, shaken; one of them left-handed."""
    if not POOL.is_file():
        pytest.skip(f"the crystals of {POOL.name} are not beside this checkout")
    with lzma.open(POOL) as file, np.load(io.BytesIO(file.read())) as pool:
        count = pool["n"].astype(int)
        first = np.cumsum(count) - count
        generator = np.random.default_rng(1)
        small = generator.permutation(np.flatnonzero(count <= MAX_ATOMS))[:NUM_CRYSTALS]
        chosen = []
        for i in small:
            atoms = slice(first[i], first[i] + count[i])
            cell = pool["cell"][i].astype(float)
            positions = pool["frac"][atoms] / 2**20 @ cell
            positions += generator.normal(0, 0.05, positions.shape)
            chosen.append(Crystal(pool["Z"][atoms].astype(int), positions, cell))
    mirror = np.diag([1.0, 1.0, -1.0])
    chosen[0] = Crystal(chosen[0].species, chosen[0].positions @ mirror, chosen[0].cell @ mirror)
    return chosen


@pytest.fixture(scope="module")
def said(crystals, tmp_path_factory):
    """What MacePotential and MACE's own calculator say of the crystals, from one worker."""
    if not PYTHON.is_file():
        pytest.skip("MACE's environment .venv-mace is not built; `make mace` builds it")
    weights = next((each for each in WEIGHTS if each.is_file()), None)
    if weights is None:
        pytest.skip("the weights of MACE-MP-0 small are missing; `make mace` fetches them")
    folder = tmp_path_factory.mktemp("mace")
    arrays = {"cells": np.array([each.cell for each in crystals])}
    for i, each in enumerate(crystals):
        arrays |= {f"z{i}": each.species, f"x{i}": each.positions}
    np.savez(folder / "crystals.npz", **arrays)
    worker = Path(__file__).with_name("mace_worker.py")
    done = subprocess.run(
        [PYTHON, worker, folder / "crystals.npz", weights, folder / "results.npz"],
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "results.npz") as results:
        return dict(results)


@pytest.mark.parametrize("how", ["alone", "batched"])
def test_energies_forces_and_stresses_equal_those_of_mace_itself(said, crystals, how):
    sizes = np.array([len(each.species) for each in crystals])
    assert len(sizes) == NUM_CRYSTALS
    assert np.abs((said[f"{how}_energy"] - said["ase_energy"]) / sizes).max() < 1e-6
    assert np.abs(said[f"{how}_forces"] - said["ase_forces"]).max() < 1e-5
    assert np.abs(said[f"{how}_stress"] - said["ase_stress"]).max() < 1e-6
    assert np.abs(said["ase_forces"]).max() > 0.1


def test_edges_beyond_the_cutoff_count_nothing(said):
    energy, forces = said["far_edges_energy"], said["far_edges_forces"]
    np.testing.assert_allclose(energy, said["ase_energy"][: len(energy)], rtol=0, atol=1e-8)
    np.testing.assert_allclose(forces, said["ase_forces"][: len(forces)], rtol=0, atol=1e-8)


def test_single_precision_agrees_within_its_rounding(said):
    energy, forces = said["single_precision_energy"], said["single_precision_forces"]
    np.testing.assert_allclose(energy, said["ase_energy"][: len(energy)], rtol=0, atol=1e-3)
    np.testing.assert_allclose(forces, said["ase_forces"][: len(forces)], rtol=0, atol=1e-3)


def test_a_lone_atom_has_the_energy_that_mace_gives_it_and_no_force(said):
    assert said["lone_atom_energy"][0] == pytest.approx(float(said["lone_ase_energy"][0]), abs=1e-8)
    assert not said["lone_atom_forces"].any()
    assert not said["lone_atom_stress"].any()


def test_loading_mace_leaves_the_process_as_it_was(said):
    assert not said["switch_is_set"]
    assert said["default_dtype_kept"]


def test_the_potential_names_itself_by_its_weights(said):
    assert str(said["fingerprint"]) == MACE_MP_0_SMALL
    assert len(said["species"]) == 89
    assert said["cutoff"] == 6.0


def test_facet_says_the_same_beside_the_older_e3nn_of_mace(said, crystals):
    potential = load("facet-s", dtype=torch.float64)
    here = potential(build_batch(crystals[:NUM_FACET], potential.cutoff)).energy
    np.testing.assert_allclose(said["facet_energy"], here.numpy(), rtol=0, atol=1e-6)


def test_a_file_with_another_checksum_is_refused_before_its_code_runs(tmp_path):
    trap, weights = tmp_path / "ran", tmp_path / "weights.model"
    weights.write_bytes(pickle.dumps(TouchesAFile(trap)))
    with pytest.raises(CheckpointError, match=hashlib.sha256(weights.read_bytes()).hexdigest()):
        load_mace(weights)
    assert not trap.exists()


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.model cannot be read"):
        load_mace(tmp_path / "nowhere.model")


def test_without_mace_the_message_says_how_to_get_it(tmp_path):
    weights = tmp_path / "weights.model"
    weights.write_bytes(b"anything")
    with pytest.raises(CheckpointError, match="make mace"):
        load_mace(weights, sha256=hashlib.sha256(b"anything").hexdigest())


def test_an_element_that_the_model_does_not_know_is_named():
    potential = MacePotential(KnowsSilicon(["Default"]), "test", "model energies")
    iron = Crystal(np.array([14, 26]), np.array([[0.0, 0, 0], [2, 2, 2]]), 4 * np.eye(3))
    with pytest.raises(UnsupportedElement, match="does not know Fe"):
        potential(build_batch([iron], potential.cutoff, potential.dtype))


def test_a_model_with_several_heads_is_refused():
    with pytest.raises(CheckpointError, match="pbe, r2scan"):
        MacePotential(KnowsSilicon(["pbe", "r2scan"]), "test", "model energies")


@pytest.mark.parametrize("found", ["0.5.1", "0.6.0"])
def test_an_e3nn_that_mace_does_not_ask_for_is_named_with_the_mend(tmp_path, monkeypatch, found):
    weights = tmp_path / "any.model"
    weights.write_bytes(b"anything")
    needs = {"mace-torch": ["numpy", "e3nn==0.4.4"]}
    monkeypatch.setattr(mace, "requires", needs.__getitem__)
    monkeypatch.setattr(mace, "version", {"e3nn": found}.__getitem__)
    sentence = f"needs e3nn==0.4.4, and e3nn {found} is installed .* `facet env make mace` mends it"
    with pytest.raises(CheckpointError, match=sentence):
        load_mace(weights, sha256=hashlib.sha256(b"anything").hexdigest())
