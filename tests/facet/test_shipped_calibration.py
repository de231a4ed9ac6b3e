"""The calibration that ships belongs to the weights that ship, and to no others."""

import pytest

from facet.calibration import (
    SHIPPED,
    SUFFIX,
    ShippedCalibration,
    read_calibration,
    shipped_calibration,
)
from facet.checkpoint import fingerprint, read_checkpoint, resolve
from facet.errors import CheckpointError

MADE = ShippedCalibration(
    fingerprint="a" * 64,
    date="2026-11-21",
    data="crystals",
    command="python benchmarks/calibration.py --ship",
    hulls={"dft": {"stretch": 2.0, "bias": 0.02, "freedom": 4.0, "offset": 0.0}},
)


def test_the_bundled_calibration_was_fitted_to_the_bundled_weights():
    config, weights, _ = read_checkpoint(resolve("facet-s"))
    mine = fingerprint(config, weights)
    found = read_calibration(SHIPPED / f"facet-s{SUFFIX}", mine)
    assert found == shipped_calibration(mine)
    assert found.hulls["dft"]["num_outcomes"] > 300
    assert found.hulls["dft"]["stretch"] > 1
    assert "benchmarks/calibration.py" in found.command


def test_other_weights_are_refused_in_one_sentence(tmp_path):
    path = tmp_path / f"mine{SUFFIX}"
    path.write_text(MADE.to_text())
    assert read_calibration(path, "a" * 64) == MADE
    with pytest.raises(CheckpointError, match=r"belongs to the weights a{12}, not to b{12}; fit"):
        read_calibration(path, "b" * 64)


def test_weights_without_a_calibration_hear_whose_there_are(tmp_path):
    (tmp_path / f"mine{SUFFIX}").write_text(MADE.to_text())
    assert shipped_calibration("a" * 64, tmp_path) == MADE
    with pytest.raises(CheckpointError, match=r"weights b{12} \(those that do are of mine a{12}\)"):
        shipped_calibration("b" * 64, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", MADE.to_text().replace("calibration-1", "calibration-9"), '{"format": 1}'],
)
def test_a_file_that_is_none_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / f"bad{SUFFIX}"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=rf"bad{SUFFIX} (cannot be read|is of a layout)"):
        read_calibration(path, "a" * 64)


def test_numbers_that_are_none_are_refused(tmp_path):
    path = tmp_path / f"bad{SUFFIX}"
    path.write_text(MADE.to_text().replace("0.02", "NaN"))
    with pytest.raises(CheckpointError, match="fit it again"):
        read_calibration(path, "a" * 64)
