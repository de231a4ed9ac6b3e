"""Reading labeled frames."""

from __future__ import annotations

import lzma

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from facet.errors import DataError
from workflows.frames import read_frames


def labeled(**labels) -> Atoms:
    atoms = Atoms("CuAu", positions=[[0, 0, 0], [1.6, 1.6, 1.6]], cell=3.2 * np.eye(3), pbc=True)
    atoms.calc = SinglePointCalculator(atoms, **labels)
    return atoms


def whole(**changes) -> Atoms:
    stress = np.array([0.1, 0.2, 0.3, 0.04, 0.05, 0.06])
    labels = {"energy": -7.0, "forces": np.full((2, 3), 0.5), "stress": stress, **changes}
    return labeled(**{name: value for name, value in labels.items() if value is not None})


def test_frames_of_plain_and_compressed_extxyz_are_the_same(tmp_path):
    plain = tmp_path / "frames.extxyz"
    ase.io.write(plain, [whole(), whole(energy=-8.0)], format="extxyz")
    packed = tmp_path / "frames.extxyz.xz"
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    for path in (plain, packed):
        first, second = read_frames([path])
        assert (first.energy, second.energy) == (-7.0, -8.0)
        np.testing.assert_allclose(first.forces, 0.5)
        np.testing.assert_allclose(
            first.stress, [[0.1, 0.06, 0.05], [0.06, 0.2, 0.04], [0.05, 0.04, 0.3]]
        )
        assert second.parent == f"{path.name}, frame 1"


@pytest.mark.parametrize("missing", ["energy", "forces", "stress"])
def test_a_frame_without_a_label_is_named_with_what_it_lacks(tmp_path, missing):
    path = tmp_path / "frames.extxyz"
    ase.io.write(path, [whole(), whole(**{missing: None})], format="extxyz")
    with pytest.raises(DataError, match=f"frame 1 lacks {missing}"):
        list(read_frames([path]))


@pytest.mark.parametrize("name", ["bad.extxyz", "bad.extxyz.xz", "bad.npz"])
def test_a_damaged_file_is_one_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xff\x00 no frames \xfe")
    with pytest.raises(DataError, match=f"{name} cannot be read as labeled frames"):
        list(read_frames([path]))
    with pytest.raises(DataError, match="There is no file"):
        list(read_frames([tmp_path / "nothing.npz"]))
