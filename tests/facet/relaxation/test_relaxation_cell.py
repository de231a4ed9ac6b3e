"""Forces on the cell coordinates are the derivatives of the enthalpy at any deformation."""

import numpy as np
import pytest
import torch
from relax_samples import crystal, lennard_jones
from scipy.linalg import expm_frechet

from facet.graph.neighbors import Crystal, build_batch
from facet.relaxation.cell import (
    Coordinates,
    deform,
    derivative_of_exp,
    push_on_cells,
    push_on_positions,
)

PRESSURE = 0.03


@pytest.fixture
def coordinates():
    start = crystal(3)
    return Coordinates(
        undeformed=torch.as_tensor(start.positions),
        log_deformation=torch.as_tensor(np.random.default_rng(0).normal(0, 0.15, (1, 3, 3))),
        first_cells=torch.as_tensor(start.cell)[None],
    )


def evaluate(undeformed, log_deformation, first_cells):
    index = torch.zeros(len(undeformed), dtype=torch.int64)
    geometry = deform(Coordinates(undeformed, log_deformation, first_cells), index)
    now = Crystal(np.full(len(index), 29), geometry.positions.numpy(), geometry.cells[0].numpy())
    prediction = lennard_jones()(build_batch([now], 4.2))
    volume = torch.linalg.det(geometry.cells).abs()
    return geometry, prediction, (prediction.energy + PRESSURE * volume).item()


def test_the_force_on_the_cell_is_the_slope_of_the_enthalpy(coordinates):
    x, u, c = coordinates.undeformed, coordinates.log_deformation, coordinates.first_cells
    geometry, prediction, _ = evaluate(x, u, c)
    push = push_on_cells(prediction.stress, geometry, u, PRESSURE)[0]
    for row, column in np.ndindex(3, 3):
        nudge = torch.zeros_like(u)
        nudge[0, row, column] = 1e-5
        rise = evaluate(x, u + nudge, c)[2] - evaluate(x, u - nudge, c)[2]
        assert push[row, column].item() == pytest.approx(-rise / 2e-5, abs=2e-6)


def test_the_force_on_a_position_is_the_slope_of_the_enthalpy(coordinates):
    x, u, c = coordinates.undeformed, coordinates.log_deformation, coordinates.first_cells
    geometry, prediction, _ = evaluate(x, u, c)
    index = torch.zeros(len(x), dtype=torch.int64)
    push = push_on_positions(prediction.forces, geometry, index).atoms
    for atom, axis in [(0, 0), (2, 1), (3, 2)]:
        nudge = torch.zeros_like(x)
        nudge[atom, axis] = 1e-5
        rise = evaluate(x + nudge, u, c)[2] - evaluate(x - nudge, u, c)[2]
        assert push[atom, axis].item() == pytest.approx(-rise / 2e-5, abs=2e-6)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e5])
def test_the_derivative_of_the_exponential_is_that_of_scipy_at_any_size(size):
    rng = np.random.default_rng(1)
    at, along = rng.normal(0, 0.4, (5, 3, 3)), size * rng.normal(0, 1, (5, 3, 3))
    ours = derivative_of_exp(torch.as_tensor(at), torch.as_tensor(along))
    for mine, a, e in zip(ours.numpy(), at, along, strict=True):
        np.testing.assert_allclose(
            mine, expm_frechet(a, e, compute_expm=False), rtol=1e-10, atol=1e-12 * size
        )


def test_a_direction_of_zero_has_a_derivative_of_zero():
    zero = torch.zeros(1, 3, 3, dtype=torch.float64)
    assert derivative_of_exp(zero, zero).abs().max() == 0
