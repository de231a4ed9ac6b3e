"""SevenNet-0 in our network, where its package is installed."""

from importlib.util import find_spec

import numpy as np
import pytest

from facet.errors import CheckpointError
from facet.facet_potential import FacetPotential
from facet.graph.neighbors import Crystal, build_batch
from facet.interop.sevennet import import_sevennet
from facet.nn.network import FacetNetwork

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


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="check the path"):
        import_sevennet(tmp_path / "none.pth")


def test_a_file_that_is_not_the_published_one_is_never_unpickled(tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="SHA-256"):
        import_sevennet(path)
