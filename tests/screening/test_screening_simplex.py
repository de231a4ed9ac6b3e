import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from screening import simplex
from screening.errors import ScreeningError
from screening.simplex import cheapest_mixture


def optimum(compositions, energies, target):
    """The same problem given to a general solver."""
    usable = np.isfinite(energies)
    found = linprog(energies[usable], A_eq=compositions[usable].T, b_eq=target, bounds=(0, None))
    assert found.success
    return found.fun


def problem(num_elements, num_phases, seed, *, coarse):
    """Phases on a coarse grid with coarse energies meet in points, lines and planes: degenerate."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 3 if coarse else 9, (num_phases, num_elements))
    counts = counts[counts.sum(axis=1) > 0]
    compositions = np.vstack([np.eye(num_elements), counts / counts.sum(axis=1, keepdims=True)])
    energies = -random.random(len(counts)) * 3
    if coarse:
        energies = -random.integers(0, 3, len(counts)) / 2.0
    energies = np.concatenate([np.zeros(num_elements), energies])
    target = random.integers(1, 4, num_elements).astype(float)
    return compositions, energies, target / target.sum()


@given(st.integers(1, 8), st.integers(0, 120), st.integers(0, 2**32 - 1), st.booleans())
def test_the_mixture_is_the_one_a_general_solver_finds(elements, phases, seed, coarse):
    compositions, energies, target = problem(elements, phases, seed, coarse=coarse)
    mixture = cheapest_mixture(compositions, energies, np.arange(elements), target)
    assert mixture.energy == pytest.approx(optimum(compositions, energies, target), abs=1e-9)
    assert mixture.amounts.min() > -1e-9
    np.testing.assert_allclose(compositions[mixture.columns].T @ mixture.amounts, target, atol=1e-9)
    assert energies[mixture.columns] @ mixture.amounts == pytest.approx(mixture.energy, abs=1e-9)


def test_the_cautious_rule_alone_finds_the_same_mixture(monkeypatch):
    monkeypatch.setattr(simplex, "_PIVOTS_BEFORE_CAUTION", 0)
    for seed in range(40):
        compositions, energies, target = problem(5, 60, seed, coarse=True)
        mixture = cheapest_mixture(compositions, energies, np.arange(5), target)
        assert mixture.energy == pytest.approx(optimum(compositions, energies, target), abs=1e-9)


def test_a_search_without_an_end_is_told_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(simplex, "_MOST_PIVOTS", 1)
    compositions, energies, target = problem(4, 60, 0, coarse=False)
    with pytest.raises(ScreeningError, match="was not found in 1 steps"):
        cheapest_mixture(compositions, energies, np.arange(4), target)


def test_a_phase_of_infinite_energy_is_never_used():
    compositions = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]])
    energies = np.array([0.0, 0.0, np.inf, -1.0])
    mixture = cheapest_mixture(compositions, energies, np.arange(2), np.array([0.5, 0.5]))
    assert 2 not in mixture.columns
    assert mixture.energy == pytest.approx(-2.0 / 3.0)
