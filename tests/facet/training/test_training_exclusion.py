"""Promises about formulas kept for testing and data of other formats."""

import pytest
from training_samples import write_config

from facet.errors import DataError
from facet.training.exclusion import excluded_path, pretty, write_excluded
from facet.training.labels import read_shards
from facet.training.loop import Trainer
from facet.training.packing import write_shards
from facet.training.settings import read_settings
from facet.training.sources import cache_folder

SODIUM_CHLORIDE = ((11, 1), (17, 1))


def config(folder, *lines):
    path = write_config(folder, "run")
    path.write_text(path.read_text() + "\n".join(lines) + "\n")
    return read_settings(path)


def test_a_refusal_names_the_parent_the_formula_and_the_file(tmp_path):
    settings = config(tmp_path, "excluded: [campaign.cif]")
    write_excluded(excluded_path(tmp_path / "run"), {SODIUM_CHLORIDE: "campaign.cif"})
    with pytest.raises(DataError, match=r"parent parent-\d+ .* NaCl, which campaign.cif keeps"):
        Trainer(settings)


def test_a_missing_list_is_no_permission(tmp_path):
    with pytest.raises(DataError, match=r"list of excluded formulas .* is missing"):
        Trainer(config(tmp_path, "excluded: campaign.cif"))


def test_formulas_that_do_not_occur_exclude_nothing(tmp_path):
    settings = config(tmp_path, "excluded: [campaign.cif]")
    write_excluded(excluded_path(tmp_path / "run"), {((3, 1), (9, 1)): "campaign.cif"})
    assert len(Trainer(settings).training) > 0


def test_formulas_are_written_as_people_write_them():
    assert pretty(((8, 3), (26, 2))) == "O3Fe2"


def test_files_of_other_formats_must_be_converted_first(tmp_path):
    other = tmp_path / "frames.extxyz"
    other.write_text("anything")
    settings = config(tmp_path, "data: frames.*")
    with pytest.raises(DataError, match="was not converted to shards yet"):
        Trainer(settings)
    frames = read_shards([tmp_path / "shard-0.npz"]).frames(range(24))
    write_shards(frames, cache_folder(other, tmp_path / "run"))
    assert len(Trainer(settings).frames) == 48
    other.write_text("something else")
    with pytest.raises(DataError, match="was not converted to shards yet"):
        Trainer(settings)


def test_a_pattern_that_matches_nothing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"No file matches .*nothing\.json"):
        Trainer(config(tmp_path, "data: [nothing.json]"))


def test_shards_with_elements_that_the_network_does_not_know_are_refused(tmp_path):
    path = write_config(tmp_path, "run")
    path.write_text(path.read_text().replace("[11, 17, 19]", "[11, 17]"))
    with pytest.raises(DataError, match="hold K, which the network does not know"):
        Trainer(read_settings(path))


def test_without_validation_every_frame_is_trained_on(tmp_path):
    path = write_config(tmp_path, "run")
    path.write_text(path.read_text().replace("fraction: 0.5", "fraction: 0"))
    trainer = Trainer(read_settings(path))
    assert len(trainer.training) == len(trainer.frames)
    assert trainer.run(lambda _: None).is_file()
