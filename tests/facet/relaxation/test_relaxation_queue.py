"""Structures enter in order, as far as there is room for their atoms and edges."""

import pytest
from relax_samples import crystal, lennard_jones

from facet.relaxation.budget import Budget
from facet.relaxation.entrance import Entrance
from facet.relaxation.queue import StructureQueue
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.state import empty_state, join_states


def take(queue, budget, flying=None):
    entrants = list(queue.take_beside(flying or empty_state(), budget))
    return [each.names[0] for each in entrants], entrants


@pytest.fixture
def queue():
    sizes = {"a": 1, "b": 1, "c": 2, "d": 1}
    inputs = [(name, crystal(1, repeats=size)) for name, size in sizes.items()]
    return StructureQueue(inputs, Entrance(lennard_jones(), RelaxSettings()))


def test_crystals_enter_until_the_atoms_are_too_many(queue):
    names, flying = take(queue, Budget(atoms=9, edges=10**6))
    assert names == ["a", "b"]
    assert take(queue, Budget(atoms=9, edges=10**6), join_states(flying))[0] == []


def test_crystals_enter_until_the_edges_are_too_many(queue):
    num_edges = next(queue.take_beside(empty_state(), Budget(1, 1))).num_edges
    assert num_edges > 50
    assert take(queue, Budget(atoms=10**6, edges=3.5 * num_edges))[0] == ["b", "c"]


def test_of_the_crystals_beyond_the_budget_one_flies_beside_the_small_ones():
    sizes = {"a": 1, "giant": 4, "b": 1, "another": 4, "c": 1}
    inputs = [(name, crystal(1, repeats=size)) for name, size in sizes.items()]
    queue = StructureQueue(inputs, Entrance(lennard_jones(), RelaxSettings()))
    small = Budget(atoms=8, edges=10**6)
    names, flying = take(queue, small)
    assert names == ["a", "giant", "b"]
    assert take(queue, small, join_states([flying[0], flying[1]]))[0] == []
    assert take(queue, small, join_states([flying[0], flying[2]]))[0] == ["another"]
    assert take(queue, small, flying[0])[0] == ["c"]
    assert take(queue, small)[0] == []
