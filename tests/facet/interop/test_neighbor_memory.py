"""A remembered neighbor list is always complete, whatever the program that moves the atoms does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.build import bulk, fcc111, molecule

from facet.errors import InvalidStructure
from facet.graph import neighbors
from facet.graph.neighbors import Crystal, build_batch, find_pairs
from facet.interop import neighbor_memory
from facet.interop.neighbor_memory import NeighborMemory, Systems
from facet.testing import LennardJones

CUTOFF = 5.0


def systems(*atoms, pbc=True):
    return Systems(
        positions=torch.as_tensor(np.concatenate([each.positions for each in atoms])),
        species=torch.as_tensor(np.concatenate([each.numbers for each in atoms])),
        cells=torch.as_tensor(np.stack([each.cell.array for each in atoms])),
        structure_index=torch.as_tensor(np.repeat(range(len(atoms)), [len(a) for a in atoms])),
        is_periodic=torch.tensor([pbc] * 3 if isinstance(pbc, bool) else pbc),
    )


def silicon_and_iron():
    return systems(bulk("Si", "diamond", a=5.43, cubic=True), bulk("Fe", "bcc", a=2.87))


def edges(batch):
    return {
        (*pair, *map(round, shift))
        for pair, shift in zip(batch.edge_index.T.tolist(), batch.edge_shifts.tolist(), strict=True)
    }


def fresh_edges(now):
    return edges(build_batch(now.crystals(), CUTOFF))


@pytest.fixture
def searches(monkeypatch):
    """Sizes of the systems whose neighbors were looked for."""
    sizes = []

    def counted(crystal, cutoff):
        sizes.append(len(crystal.species))
        return find_pairs(crystal, cutoff)

    monkeypatch.setattr(neighbor_memory, "find_pairs", counted)
    return sizes


def test_every_pair_of_a_wandering_crystal_is_listed_though_few_lists_are_made(searches):
    rng, memory, now = np.random.default_rng(5), NeighborMemory(CUTOFF), silicon_and_iron()
    for _ in range(40):
        batch = memory.batch(now, torch.float64)
        assert edges(batch) == fresh_edges(now)
        strain = torch.as_tensor(np.eye(3) + rng.normal(0, 6e-3, (3, 3)))
        shake = torch.as_tensor(rng.normal(0, 0.03, now.positions.shape))
        now = replace(now, positions=now.positions @ strain + shake, cells=now.cells @ strain)
    assert 4 < len(searches) < 40


def test_only_the_crystal_that_moved_is_looked_at_again(searches):
    memory, now = NeighborMemory(CUTOFF), silicon_and_iron()
    memory.batch(now, torch.float64)
    positions = now.positions.clone()
    positions[3] += 0.6
    moved = replace(now, positions=positions)
    assert edges(memory.batch(moved, torch.float64)) == fresh_edges(moved)
    assert searches == [8, 1, 8]


def test_atoms_that_are_moved_in_place_are_noticed():
    memory, now = NeighborMemory(CUTOFF), silicon_and_iron()
    memory.batch(now, torch.float64)
    now.positions[0] += 3 * now.cells[0, 0]
    now.cells[1] *= 0.8
    now.positions[8] *= 0.8
    assert edges(memory.batch(now, torch.float64)) == fresh_edges(now)


@pytest.mark.parametrize("lattice", [2.5, 3.1])
def test_a_system_may_be_exchanged_for_another_of_the_same_size(lattice):
    memory = NeighborMemory(CUTOFF)
    memory.batch(silicon_and_iron(), torch.float64)
    other = systems(bulk("NaCl", "rocksalt", a=5.6, cubic=True), bulk("Po", "sc", a=lattice))
    assert edges(memory.batch(other, torch.float64)) == fresh_edges(other)


def test_systems_may_come_and_go():
    memory, both = NeighborMemory(CUTOFF), silicon_and_iron()
    iron = systems(bulk("Fe", "bcc", a=2.87))
    for now in (both, iron, both):
        assert edges(memory.batch(now, torch.float64)) == fresh_edges(now)


def test_a_molecule_without_a_cell_has_its_pairs_and_no_images():
    atoms = molecule("C6H6")
    memory, now = NeighborMemory(CUTOFF), systems(atoms, pbc=False)
    batch = memory.batch(now, torch.float64)
    distances = atoms.get_all_distances()
    wanted = np.argwhere((distances < CUTOFF) & (distances > 0))
    assert sorted(batch.edge_index.T.tolist()) == wanted.tolist()
    assert not batch.edge_shifts.any()
    assert not now.has_volume.any()
    assert (batch.volumes > 0).all()


def test_a_molecule_that_flies_is_followed(searches):
    memory, now = NeighborMemory(CUTOFF), systems(molecule("CH3CH2OH"), pbc=False)
    before = memory.batch(now, torch.float64)
    near = replace(now, positions=now.positions * 1.02)
    far = replace(now, positions=now.positions + 7.0)
    for each in (near, far):
        after = memory.batch(each, torch.float64)
        assert edges(after) == edges(before)
    assert searches == [9, 9]


def test_a_slab_repeats_in_its_plane_only():
    slab = fcc111("Cu", (1, 1, 3), a=3.6)
    assert not slab.cell[2].any()
    memory, now = NeighborMemory(CUTOFF), systems(slab, pbc=[True, True, False])
    batch = memory.batch(now, torch.float64)
    far_apart = slab.copy()
    far_apart.center(vacuum=20, axis=2)
    reference = build_batch(
        [Crystal(slab.numbers, far_apart.positions, far_apart.cell.array)], CUTOFF
    )
    assert edges(batch) == edges(reference)
    potential = LennardJones(cutoff=CUTOFF)
    assert torch.allclose(potential(batch).forces, potential(reference).forces, atol=1e-12)


def test_the_volume_of_a_cell_that_has_one_is_kept_where_the_system_ends():
    atoms = molecule("H2O", cell=[8.0, 9.0, 10.0])
    batch = NeighborMemory(CUTOFF).batch(systems(atoms, pbc=False), torch.float64)
    assert batch.volumes.tolist() == pytest.approx([720.0])


def test_the_batch_comes_in_the_precision_asked_for():
    batch = NeighborMemory(CUTOFF).batch(silicon_and_iron(), torch.float32)
    assert {batch.positions.dtype, batch.cells.dtype, batch.edge_shifts.dtype} == {torch.float32}


@pytest.mark.parametrize("fault", ["not a number", "flat cell", "flat from the start"])
def test_a_system_without_a_meaningful_geometry_is_named(fault):
    memory, now = NeighborMemory(CUTOFF), silicon_and_iron()
    if fault != "flat from the start":
        memory.batch(now, torch.float64)
    if fault == "not a number":
        now.positions[8, 1] = torch.nan
    else:
        now.cells[1, 2] = 0.0
    with pytest.raises(InvalidStructure, match=r"^System 1 \(counted from 0\): .*(finite|room)"):
        memory.batch(now, torch.float64)


def test_pairs_do_not_depend_on_the_library_that_finds_them(monkeypatch):
    ends = systems(molecule("C6H6"), molecule("CH4"), pbc=False)
    with_library = edges(NeighborMemory(CUTOFF).batch(ends, torch.float64))
    monkeypatch.setattr(neighbors, "HAS_VESIN", False)
    assert edges(NeighborMemory(CUTOFF).batch(ends, torch.float64)) == with_library
