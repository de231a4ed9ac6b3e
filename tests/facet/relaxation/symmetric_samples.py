"""Symmetric crystals of several systems, and random walks that respect constraints."""

import numpy as np
import torch
from ase.build import bulk
from ase.spacegroup import crystal as ase_crystal

from facet.graph.convert import crystal_from
from facet.relaxation.cell import Coordinates, Push, deform, move
from facet.relaxation.constraints import constrained


def _quartz():
    sites = [(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)]
    return ase_crystal(
        ["Si", "O"], sites, spacegroup=154, cellpar=[4.916, 4.916, 5.405, 90, 90, 120]
    )


def _baddeleyite():
    sites = [(0.2754, 0.0395, 0.2083), (0.07, 0.3317, 0.3447), (0.4496, 0.7569, 0.4792)]
    return ase_crystal(
        ["Zr", "O", "O"], sites, spacegroup=14, cellpar=[5.15, 5.21, 5.32, 90, 99.2, 90]
    )


def _spinel():
    sites = [(0.125, 0.125, 0.125), (0.5, 0.5, 0.5), (0.2624, 0.2624, 0.2624)]
    return ase_crystal(
        ["Mg", "Al", "O"], sites, spacegroup=227, setting=2, cellpar=[8.08] * 3 + [90] * 3
    )


SYMMETRIC = {
    "cubic": (bulk("CsCl", "cesiumchloride", a=4.12), 221),
    "hexagonal": (bulk("ZnS", "wurtzite", a=3.8, c=6.2), 186),
    "trigonal": (_quartz(), 154),
    "monoclinic": (_baddeleyite(), 14),
    "centered": (bulk("Cu", "fcc", a=3.6, cubic=True), 225),
    "supercell": (bulk("ZnS", "wurtzite", a=3.8, c=6.2).repeat((3, 1, 1)), 186),
    "centered supercell": (_spinel().repeat((2, 1, 1)), 227),
}
"""Crystals by name, and the numbers of their space groups."""


def symmetric(name, noise=0.0):
    """A crystal turned at random, its atoms and cell off by this many angstrom at most."""
    rng = np.random.default_rng(5)
    crystal = crystal_from(SYMMETRIC[name][0])
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return crystal._replace(
        positions=crystal.positions @ turn + rng.uniform(-noise, noise, crystal.positions.shape),
        cell=crystal.cell @ turn + rng.uniform(-noise, noise, (3, 3)),
    )


def random_push(sizes, seed=0, atoms=1.0, cells=1.0):
    """Random forces or steps for crystals of these numbers of atoms."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    return Push(atoms * normal(sum(sizes), 3), cells * normal(len(sizes), 3, 3))


def walked(crystal, constraints, cell_mode="free", num_steps=40):
    """Take many random steps of which only the allowed part is left."""
    count = len(crystal.species)
    coordinates = Coordinates(
        torch.as_tensor(crystal.positions),
        torch.zeros(1, 3, 3, dtype=torch.float64),
        torch.as_tensor(crystal.cell)[None],
    )
    for seed in range(num_steps):
        step = random_push([count], seed, 0.03, 0.01 * count)
        step = constrained(step, constraints, cell_mode)
        coordinates = move(coordinates, step, torch.tensor([count]))
    geometry = deform(coordinates, torch.zeros(count, dtype=torch.int64))
    return crystal._replace(positions=geometry.positions.numpy(), cell=geometry.cells[0].numpy())
