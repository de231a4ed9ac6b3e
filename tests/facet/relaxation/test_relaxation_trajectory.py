"""What a crystal passes is kept as was asked."""

import numpy as np
import pytest
from relax_samples import crystal, lennard_jones

from facet.errors import InvalidStructure
from facet.graph.neighbors import build_batch
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.trajectory import Trajectory


def kept(every, **changes):
    settings = RelaxSettings(trajectory_every=every, **changes)
    return list(relax([crystal(seed) for seed in range(3)], lennard_jones(), settings))


def test_nothing_is_kept_unless_asked():
    (result,) = relax([crystal(1)], lennard_jones())
    assert result.trajectory is None


def test_scalars_of_every_evaluation_and_geometries_of_some():
    for result in kept(every=5):
        way = result.trajectory
        assert len(way.scalars) == result.num_evaluations
        assert way.scalars[-1, 0] == result.energy
        assert way.frame_index[0] == 0
        assert way.frame_index[-1] == len(way.scalars) - 1
        assert np.diff(way.frame_index)[:-1].tolist() == [5] * (len(way.frame_index) - 2)
        assert way.positions.dtype == way.cells.dtype == np.float32
        assert way.positions.shape == (len(way.frame_index), 4, 3)


def test_energies_belong_to_the_geometries():
    way = kept(every=1)[0].trajectory
    energies = lennard_jones()(build_batch(list(way.crystals), 4.2)).energy
    np.testing.assert_allclose(way.scalars[way.frame_index, 0], energies, atol=1e-4)
    volumes = np.abs(np.linalg.det(way.cells.astype(float)))
    np.testing.assert_allclose(way.scalars[way.frame_index, 3], volumes, rtol=1e-5)


def test_bytes_come_back_as_they_were():
    way = kept(every=4)[0].trajectory
    again = Trajectory.from_bytes(way.to_bytes())
    for name, values in vars(way).items():
        np.testing.assert_array_equal(getattr(again, name), values)
    assert len(way.to_bytes()) < sum(each.nbytes for each in vars(way).values()) + 2000
    with pytest.raises(InvalidStructure, match="no trajectory"):
        Trajectory.from_bytes(b"nothing")


def test_a_crystal_refused_at_once_has_no_way_behind_it():
    (result,) = relax(["nothing"], lennard_jones(), RelaxSettings(trajectory_every=1))
    assert result.trajectory is None
