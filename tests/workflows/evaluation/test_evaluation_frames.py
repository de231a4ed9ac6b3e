"""Errors against frames, by family and by element."""

from __future__ import annotations

import pytest
from evaluation_samples import POTENTIAL, cell, write_frames

from facet.errors import DataError
from facet.testing import LennardJones
from facet.training.evaluate import compare
from workflows.evaluation.frames import DFT_ROWS, measure_dft_frames, report, usable_frames
from workflows.evaluation.parity import write_parity_plot
from workflows.evaluation.sample import sample


def test_a_frame_counts_for_every_element_in_it(tmp_path):
    right = write_frames(tmp_path / "right.xyz.xz", [cell("Cu4"), cell("Cu3Au")], shift=0.0)
    wrong = write_frames(tmp_path / "wrong.xyz.xz", [cell("Cu3O")], shift=0.3)
    frames = [each for path in (right, wrong) for each in usable_frames(path, POTENTIAL, None)]
    found = report(compare(POTENTIAL, frames))
    assert found["energy_mae"] == pytest.approx(100)
    assert {name: row["num_frames"] for name, row in found["elements"].items()} == {
        "Cu": 3,
        "Au": 1,
        "O": 1,
    }
    assert found["elements"]["Cu"]["energy_mae"] == pytest.approx(100)
    assert found["elements"]["O"]["energy_bias"] == pytest.approx(300)
    assert found["elements"]["Au"]["energy_mae"] == pytest.approx(0)
    assert {name: row["num_frames"] for name, row in found["families"].items()} == {
        "elements": 1,
        "intermetallics": 1,
        "oxides": 1,
    }


def test_frames_under_more_pressure_or_of_unknown_elements_are_left_out(tmp_path):
    squeezed, calm, strange = cell("Cu4", 3.0), cell("Cu4"), cell("Cu3O")
    path = write_frames(tmp_path / "frames.xyz.xz", [squeezed, calm, strange], shift=0.0)
    metals = LennardJones(species=frozenset({29}))
    assert len(usable_frames(path, POTENTIAL, None)) == 3
    assert len(usable_frames(path, metals, None)) == 2
    (kept,) = usable_frames(path, metals, 5.0)
    assert abs(kept.crystal.cell[0, 0]) == pytest.approx(calm.cell[0, 0])
    with pytest.raises(DataError, match="holds no frame"):
        usable_frames(path, LennardJones(species=frozenset({8})), None)


def test_every_row_of_dft_frames_is_measured_up_to_the_limit(tmp_path):
    for row in DFT_ROWS:
        write_frames(tmp_path / row.file, [cell("Cu4"), cell("Cu4", 3.5), cell("Au4")], shift=0.01)
    rows = measure_dft_frames(POTENTIAL, tmp_path, 2)
    assert list(rows) == [row.name for row in DFT_ROWS]
    assert {row["num_frames"] for row in rows.values()} == {2}
    assert all(row["energy_bias"] == pytest.approx(10) for row in rows.values())


def test_a_smaller_draw_is_part_of_a_larger_one():
    items = list(range(50))
    assert set(sample(items, 5)) < set(sample(items, 20))
    assert sample(items, 5) == sample(items, 5)
    assert sample(items, None) == sample(items, 99) == items
    assert len(sample(items, 20)) == 20


def test_a_parity_plot_is_a_picture(tmp_path):
    path = write_frames(tmp_path / "f.xyz.xz", [cell("Cu4"), cell("Cu3Au")], shift=0.1)
    comparison = compare(POTENTIAL, usable_frames(path, POTENTIAL, None))
    write_parity_plot(comparison, "two frames", tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
