"""Errors against labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facet.graph.neighbors import Crystal
from facet.testing import LennardJones
from facet.training.evaluate import compare, measure, predict
from facet.training.labels import Frame
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA

POTENTIAL = LennardJones()


def crystal(num: int, edge: float, number: int = 29) -> Crystal:
    """Atoms in a row, somewhat off their places."""
    positions = np.linspace(0, edge * num, num, endpoint=False)[:, None] * [1.0, 0, 0]
    positions[0] += 0.1
    return Crystal(np.full(num, number), positions, np.diag([edge * num, 3.0, 3.1]))


def labeled(shift: float, *crystals: Crystal) -> list[Frame]:
    """Frames whose labels lie this far (eV/atom, eV/angstrom, eV/A^3) from the potential."""
    frames = []
    for each in crystals:
        said = predict(POTENTIAL, [each])
        num = len(each.species)
        frames.append(
            Frame(
                crystal=each,
                energy=float(said.energy[0]) - shift * num,
                forces=said.forces + np.array([0.0, shift, 0.0]),
                stress=said.stress[0] + shift * np.diag([1.0, 0, 0]),
                kind=0,
                parent="",
            )
        )
    return frames


def test_errors_are_those_that_were_put_in():
    errors = measure(
        POTENTIAL, labeled(0.02, crystal(1, 2.6), crystal(3, 2.5), crystal(200, 2.7), crystal(2, 3))
    )
    assert errors.num_frames == 4
    assert errors.energy_mae == pytest.approx(20)
    assert errors.energy_median == pytest.approx(20)
    assert errors.energy_bias == pytest.approx(20)
    assert errors.force_mae == pytest.approx(20)
    assert errors.stress_mae == pytest.approx(0.02 * EV_PER_CUBIC_ANGSTROM_IN_GPA)


def test_a_comparison_can_be_narrowed_to_some_frames():
    good, bad = labeled(0.0, crystal(2, 2.5)), labeled(0.5, crystal(3, 2.5, number=79))
    comparison = compare(POTENTIAL, [*good, *bad])
    first = comparison.only(np.array([True, False]))
    second = comparison.only(np.array([False, True]))
    assert first.errors().energy_mae == pytest.approx(0, abs=1e-9)
    assert second.errors().energy_bias == pytest.approx(500)
    assert second.errors().force_mae == pytest.approx(500)
    assert second.species.tolist() == [79, 79, 79]


def test_predictions_do_not_depend_on_how_crystals_are_batched():
    crystals = [crystal(150, 2.5), crystal(150, 2.6), crystal(4, 2.7)]
    together = predict(POTENTIAL, crystals)
    alone = [predict(replace(POTENTIAL), [each]).energy[0] for each in crystals]
    np.testing.assert_allclose(together.energy, alone)
    assert together.forces.shape == (304, 3)
