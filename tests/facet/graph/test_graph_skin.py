"""A neighbor list with a skin misses no pair, and knows when it may."""

import numpy as np
import pytest
import torch

from facet.graph.neighbors import Crystal, find_pairs
from facet.graph.skin import (
    SKIN,
    are_outdated,
    edges_within,
    join_lists,
    keep_crystals,
    list_of,
    replace_lists,
)

CUTOFF = 4.0
CPU = torch.device("cpu")


def random_crystal(rng, num_atoms):
    cell = 3.5 * np.eye(3) + rng.normal(0, 0.5, (3, 3))
    return Crystal(np.full(num_atoms, 6), rng.random((num_atoms, 3)) @ cell, cell)


def listed(crystal):
    return list_of(crystal, find_pairs(crystal, CUTOFF + SKIN), CPU)


def tensors(crystals):
    return (
        torch.as_tensor(np.concatenate([each.positions for each in crystals])),
        torch.as_tensor(np.stack([each.cell for each in crystals])),
        torch.as_tensor(np.repeat(range(len(crystals)), [len(c.species) for c in crystals])),
    )


def as_set(center, neighbor, shift):
    return {
        (int(i), int(j), *(int(s) for s in each))
        for i, j, each in zip(center, neighbor, shift, strict=True)
    }


def trimmed_set(pairs, crystals):
    positions, cells, _ = tensors(crystals)
    edges = edges_within(pairs, positions, cells, CUTOFF)
    assert (edges.edge_index[0].diff() >= 0).all()
    return as_set(*edges.edge_index, edges.edge_shifts)


def true_set(crystals):
    first, pairs = 0, set()
    for crystal in crystals:
        found = find_pairs(crystal, CUTOFF)
        pairs |= as_set(found.center + first, found.neighbor + first, found.shift)
        first += len(crystal.species)
    return pairs


@pytest.mark.parametrize("seed", range(8))
def test_a_list_that_is_not_outdated_misses_no_pair(seed):
    rng = np.random.default_rng(seed)
    start = random_crystal(rng, 1 + seed)
    pairs = listed(start)
    verdicts = set()
    for size in np.linspace(0, 0.08, 15):
        strain = np.eye(3) + size * rng.normal(0, 0.5, (3, 3))
        moved = (start.positions + size * rng.normal(0, 1, start.positions.shape)) @ strain
        now = Crystal(start.species, moved, start.cell @ strain)
        is_outdated = bool(are_outdated(pairs, *tensors([now]), CUTOFF))
        verdicts.add(is_outdated)
        if not is_outdated:
            assert trimmed_set(pairs, [now]) == true_set([now])
    assert verdicts == {True, False}


def test_a_geometry_that_is_not_finite_outdates_its_list():
    crystal = random_crystal(np.random.default_rng(0), 3)
    positions, cells, index = tensors([crystal])
    assert are_outdated(listed(crystal), positions * np.nan, cells, index, CUTOFF).all()


def test_joining_keeping_and_replacing_give_the_pairs_of_each_crystal():
    rng = np.random.default_rng(3)
    crystals = [random_crystal(rng, size) for size in (2, 1, 4, 3)]
    pairs = join_lists([listed(each) for each in crystals])
    assert trimmed_set(pairs, crystals) == true_set(crystals)

    kept = [crystals[0], crystals[2], crystals[3]]
    atoms = torch.tensor([0, 1, 3, 4, 5, 6, 7, 8, 9])
    pairs = keep_crystals(pairs, torch.tensor([0, 2, 3]), atoms)
    assert trimmed_set(pairs, kept) == true_set(kept)

    kept[1] = random_crystal(rng, 4)
    pairs = replace_lists(pairs, {1: listed(kept[1])}, first_atom=[0, 2, 6])
    assert trimmed_set(pairs, kept) == true_set(kept)
    assert not are_outdated(pairs, *tensors(kept), CUTOFF).any()
