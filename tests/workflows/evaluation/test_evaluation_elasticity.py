"""Elastic moduli."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_samples import POTENTIAL, cell, write_elastic

from facet.graph.convert import crystal_from_atoms
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from facet.training.evaluate import predict
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA
from workflows.evaluation.elasticity import FILE, measure_elasticity, moduli_of
from workflows.stability.stiffness import IDENTITY, Moduli, voigt_reuss_hill

CUBIC = crystal_from_atoms(cell("Cu3Au"))


def test_an_isotropic_stiffness_has_the_moduli_it_was_made_of():
    bulk, shear = 70.0, 30.0
    spherical = np.outer(IDENTITY, IDENTITY) / 3
    moduli = voigt_reuss_hill(3 * bulk * spherical + 2 * shear * (np.eye(6) - spherical))
    assert moduli == pytest.approx(Moduli(bulk, shear))


def test_a_strain_that_costs_nothing_has_no_moduli():
    assert voigt_reuss_hill(np.diag([1.0, 1, 1, 1, 1, -0.1])) is None
    assert voigt_reuss_hill(np.full((6, 6), np.nan)) is None


def test_the_bulk_modulus_is_the_curvature_of_energy_over_volume():
    (rest,) = relax([CUBIC], POTENTIAL, RelaxSettings(fmax=1e-3, smax=1e-3))
    volume = abs(np.linalg.det(rest.cell))
    ratio = 0.003
    scales = np.cbrt([1 - ratio, 1, 1 + ratio])
    energies = predict(
        POTENTIAL,
        [rest.crystal._replace(positions=s * rest.positions, cell=s * rest.cell) for s in scales],
    ).energy
    curvature = (energies[0] - 2 * energies[1] + energies[2]) / (ratio * volume) ** 2
    moduli = moduli_of(POTENTIAL, [("one", CUBIC)])["one"]
    expected = EV_PER_CUBIC_ANGSTROM_IN_GPA * volume * curvature
    assert moduli.bulk == pytest.approx(expected, rel=0.02)
    assert 0 < moduli.shear < moduli.bulk


def test_moduli_do_not_depend_on_how_the_crystal_is_turned():
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turned = CUBIC._replace(positions=CUBIC.positions @ turn, cell=CUBIC.cell @ turn)
    found = moduli_of(POTENTIAL, [("straight", CUBIC), ("turned", turned)])
    assert found["turned"] == pytest.approx(found["straight"], rel=1e-3)


def test_errors_count_from_dft(tmp_path):
    own = moduli_of(POTENTIAL, [("one", CUBIC)])["one"]
    write_elastic(tmp_path / FILE, own.bulk + 4, own.shear - 2)
    found = measure_elasticity(POTENTIAL, tmp_path, None)
    assert (found["num_crystals"], found["num_failed"]) == (1, 0)
    assert found["bulk_bias"] == pytest.approx(-4, abs=0.1)
    assert found["shear_mae"] == pytest.approx(2, abs=0.1)


def test_a_crystal_that_does_not_come_to_rest_is_counted(tmp_path):
    write_elastic(tmp_path / FILE, 10, 10)
    repelling = type(POTENTIAL)(epsilon=-0.1)
    found = measure_elasticity(repelling, tmp_path, None)
    assert (found["num_failed"], found["bulk_mae"]) == (1, None)
