"""SevenNet-0 in our network, where its package is installed."""

from importlib.util import find_spec

import numpy as np
import pytest

from facet.errors import CheckpointError
from facet.facet_potential import FacetPotential
from facet.graph.neighbors import Crystal, build_batch
from facet.interop.sevennet import import_sevennet
from facet.interop.slim import with_fitted_radial, with_single_head, with_species_table
from facet.nn.network import FacetNetwork
from facet.parts import CombinedSplineBasis

needs_sevenn = pytest.mark.skipif(
    find_spec("sevenn") is None,
    reason="sevenn is not installed; `pip install --no-deps sevenn==0.13.0` brings the weights",
)

# Energies in eV of sevenn 0.13.0's own calculator, single precision, for the crystals below.
RECORDED = {"Si": -9.884688, "NaCl": -6.729680, "Fe2O3": -13.102584}


def shaken(species, cell, seed):
    positions = np.linspace(0, 1, len(species), endpoint=False)[:, None] * np.ones(3)
    noise = np.random.default_rng(seed).normal(0, 0.02, (len(species), 3))
    return Crystal(np.array(species), (positions + noise) @ np.array(cell), np.array(cell))


CRYSTALS = {
    "Si": shaken([14, 14], 2.72 * (np.ones((3, 3)) - np.eye(3)), 1),
    "NaCl": shaken([11, 17], 2.82 * (np.ones((3, 3)) - np.eye(3)), 2),
    "Fe2O3": shaken([26, 26, 8, 8, 8], np.diag([4.0, 4.4, 5.0]), 3),
}


@needs_sevenn
def test_energies_are_those_of_the_original():
    config, weights = import_sevennet()
    network = FacetNetwork(config)
    network.load_state_dict(weights)
    potential = FacetPotential(network, "sevennet-0", {})
    batch = build_batch(list(CRYSTALS.values()), potential.cutoff, potential.dtype)
    energies = potential(batch).energy.tolist()
    assert energies == pytest.approx(list(RECORDED.values()), abs=2e-5)
    assert network.count_parameters() == 842_748


@needs_sevenn
def test_a_quarter_of_the_parameters_goes_and_its_answers_stay():
    original = import_sevennet()
    slim = with_fitted_radial(*original, CombinedSplineBasis(16))
    slim = with_species_table(*with_single_head(*slim))
    answers = []
    for config, weights in (original, slim):
        network = FacetNetwork(config)
        network.load_state_dict(weights)
        potential = FacetPotential(network, "sevennet-0", {})
        batch = build_batch(list(CRYSTALS.values()), potential.cutoff, potential.dtype)
        answers.append(potential(batch))
    assert network.count_parameters() == 620_532
    energy = (answers[0].energy - answers[1].energy).abs() / batch.atoms_per_structure
    forces = (answers[0].forces - answers[1].forces).norm(dim=1)
    assert energy.max() < 5e-3
    # One of the crystals is far from rest.
    assert forces.mean() < 0.01 * answers[0].forces.norm(dim=1).mean()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="check the path"):
        import_sevennet(tmp_path / "none.pth")


def test_a_file_that_is_not_the_published_one_is_never_unpickled(tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="SHA-256"):
        import_sevennet(path)
