"""The calibration that ships belongs to the weights that ship, and to no others."""

import pytest

from facet.calibration import SUFFIX, ShippedCalibration, shipped_calibration
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
    found = shipped_calibration(fingerprint(config, weights))
    assert found.hulls["dft"]["num_outcomes"] > 300
    assert found.hulls["dft"]["stretch"] > 1
    assert "benchmarks/calibration.py" in found.command


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
    (tmp_path / f"bad{SUFFIX}").write_text(text)
    with pytest.raises(CheckpointError, match=rf"bad{SUFFIX} (cannot be read|is of a layout)"):
        shipped_calibration("a" * 64, tmp_path)


def test_numbers_that_are_none_are_refused(tmp_path):
    (tmp_path / f"bad{SUFFIX}").write_text(MADE.to_text().replace("0.02", "NaN"))
    with pytest.raises(CheckpointError, match="fit it again"):
        shipped_calibration("a" * 64, tmp_path)
