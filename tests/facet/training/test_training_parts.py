"""Promises of shards that stay on disk."""

from dataclasses import fields

import numpy as np
import pytest
from training_samples import write_shard

from facet.training.labels import read_shards
from facet.training.packing import pack, write_shards
from facet.training.parts import Parts, map_arrays, read_arrays


@pytest.fixture
def nothing_fits(monkeypatch):
    """Memory so small that every shard stays on disk."""
    monkeypatch.setattr("facet.training.labels.MAX_IN_MEMORY", 0)


def compressed(path, shard):
    np.savez_compressed(path, **read_arrays(shard))
    return path


def two_shards(folder):
    return [write_shard(folder / f"{n}.npz", 5, seed=n) for n in range(2)]


def test_uncompressed_arrays_are_mapped_and_compressed_ones_are_read(tmp_path):
    shard = write_shard(tmp_path / "a.npz", 5)
    mapped = map_arrays(shard)
    read = map_arrays(compressed(tmp_path / "b.npz", shard))
    assert isinstance(mapped["forces"], np.memmap)
    assert not isinstance(read["forces"], np.memmap)
    for name, array in read.items():
        assert array.dtype == mapped[name].dtype
        assert (array == mapped[name]).all()


def test_joined_shards_give_the_same_frames_and_the_same_name_wherever_they_lie(
    tmp_path, nothing_fits
):
    shards = two_shards(tmp_path)
    mapped = read_shards(shards)
    read = read_shards([compressed(tmp_path / f"packed-{s.name}", s) for s in shards])
    assert isinstance(mapped.frac, Parts)
    assert isinstance(read.frac, np.ndarray)
    assert mapped.digest() == read.digest()
    assert mapped.formulas() == read.formulas()
    for one, other in zip(mapped.frames(range(10)), read.frames(range(10)), strict=True):
        assert (one.forces == other.forces).all()
        assert (one.crystal.positions == other.crystal.positions).all()


def test_small_data_is_read_so_that_its_files_may_change(tmp_path):
    shard = write_shard(tmp_path / "a.npz", 5)
    frames = read_shards([shard])
    before = frames.digest()
    write_shard(shard, 1)
    assert frames.digest() == before


def test_shards_of_different_precision_join_in_the_better_one(tmp_path, nothing_fits):
    shards = two_shards(tmp_path)
    arrays = read_arrays(shards[1])
    np.savez(shards[1], **{**arrays, "forces": arrays["forces"].astype(np.float16)})
    joined = read_shards(shards)
    assert isinstance(joined.forces, Parts)
    assert joined.forces.dtype == np.float32
    assert next(iter(joined.frames([7]))).forces.dtype == np.float32
    assert len(np.asarray(joined.forces)) == 20


def test_packed_frames_come_back(tmp_path):
    before = list(read_shards(two_shards(tmp_path)).frames(range(10)))
    paths = write_shards(iter(before), tmp_path / "written")
    after = list(read_shards(paths).frames(range(10)))
    for one, other in zip(before, after, strict=True):
        assert one.energy == other.energy
        np.testing.assert_allclose(one.forces, other.forces)
        np.testing.assert_allclose(one.stress, other.stress)
        shift = (one.crystal.positions - other.crystal.positions) @ np.linalg.inv(one.crystal.cell)
        np.testing.assert_allclose(shift, np.round(shift), atol=1e-6)
    assert {each.name for each in fields(pack(before))} <= set(read_arrays(paths[0]))


def test_a_long_stream_is_cut_into_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("facet.training.packing.FRAMES_A_SHARD", 4)
    frames = read_shards(two_shards(tmp_path)).frames(range(10))
    paths = write_shards(frames, tmp_path / "written")
    assert [len(read_shards([path])) for path in paths] == [4, 4, 2]
