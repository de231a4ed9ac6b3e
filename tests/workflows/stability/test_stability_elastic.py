"""Elastic tensors with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from stability_samples import LJ, SMALL, centered, fcc, resting, simple_cubic

from facet.relaxation.settings import RelaxSettings
from facet.testing import NanOn
from facet.training.evaluate import predict
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA
from workflows.stability.elastic import elasticities
from workflows.stability.rest import Fault
from workflows.stability.stiffness import BASIS, voigt_form

STRAINED = SMALL.strained(RelaxSettings())


def measured(potential, crystals):
    return dict(elasticities(potential, crystals, STRAINED, SMALL.strain))


def second_derivatives(crystal, size=0.004):
    """Stiffness in GPa from energies alone, in the orthonormal basis."""

    def energy(strain):
        stretch = np.eye(3) + np.einsum("a,aij->ij", strain, BASIS)
        moved = crystal._replace(positions=crystal.positions @ stretch, cell=crystal.cell @ stretch)
        return predict(LJ, [moved]).energy[0]

    steps = size * np.eye(6)
    found = [
        [energy(a + b) - energy(a - b) - energy(b - a) + energy(-a - b) for b in steps]
        for a in steps
    ]
    volume = abs(np.linalg.det(crystal.cell))
    return EV_PER_CUBIC_ANGSTROM_IN_GPA * np.array(found) / (4 * size**2 * volume)


def test_the_tensor_is_the_second_derivative_of_the_energy_over_strain():
    ((_, crystal),) = resting(LJ, {"fcc": fcc()})
    expected = second_derivatives(crystal)
    found = measured(LJ, [("fcc", crystal)])["fcc"]
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(expected), rel=0.01)
    assert found.stiffness == pytest.approx(voigt_form(expected), abs=1.0)
    assert found.stiffness[0, 1] == pytest.approx(found.stiffness[3, 3], rel=1e-3)  # Cauchy
    bulk = (found.stiffness[0, 0] + 2 * found.stiffness[0, 1]) / 3
    assert found.moduli.bulk == pytest.approx(bulk, rel=1e-6)


def test_open_packings_of_such_atoms_give_way_to_a_strain():
    crystals = resting(LJ, {"sc": simple_cubic(), "bcc": centered("Cu", "Cu")})
    for each in measured(LJ, crystals).values():
        assert each.eigenvalues[0] < -5
        assert each.moduli is None


def test_the_strains_of_a_poisoned_crystal_are_its_own_fault():
    crystals = resting(LJ, {"good": fcc(), "poisoned": fcc("He")})
    alone = measured(LJ, crystals[:1])["good"]
    found = measured(NanOn(LJ), crystals)
    assert found["good"].eigenvalues == pytest.approx(alone.eigenvalues, rel=1e-9)
    assert isinstance(found["poisoned"], Fault)
    assert "12 of its 12 strained cells did not come to rest" in found["poisoned"].reason


def test_eigenvalues_do_not_depend_on_how_the_crystal_is_turned():
    ((_, crystal),) = resting(LJ, {"fcc": fcc()})
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turned = crystal._replace(positions=crystal.positions @ turn, cell=crystal.cell @ turn)
    found = measured(LJ, [("straight", crystal), ("turned", turned)])
    assert found["turned"].eigenvalues == pytest.approx(found["straight"].eigenvalues, rel=1e-3)
    assert not np.allclose(found["turned"].stiffness, found["straight"].stiffness, rtol=0.01)
