"""Small Lennard-Jones crystals, sound and poisoned, for the tests of the relaxation engine."""

import numpy as np
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from facet.graph.convert import crystal_from
from facet.graph.neighbors import Crystal, build_batch
from facet.testing import LennardJones

COPPER, HELIUM, NEON, XENON = 29, 2, 10, 54


def lennard_jones(**changes):
    """A short-ranged potential that knows copper and the two noble gases that mark saboteurs."""
    return LennardJones(
        **{
            "cutoff": 4.2,
            "switch_start": 3.2,
            "species": frozenset({COPPER, HELIUM, NEON}),
            **changes,
        }
    )


def crystal(seed=0, repeats=1, species=COPPER):
    """A rattled and strained fcc crystal of ``4 repeats`` atoms."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", "fcc", a=3.5 * rng.uniform(0.97, 1.05), cubic=True).repeat((repeats, 1, 1))
    positions = atoms.positions + rng.normal(0, 0.08, atoms.positions.shape)
    strain = np.eye(3) + rng.normal(0, 0.03, (3, 3))
    return Crystal(np.full(len(atoms), species), positions @ strain, atoms.cell.array @ strain)


def pair_apart(distance):
    """Two atoms this many angstrom apart in a cube."""
    return Crystal(np.full(2, COPPER), np.array([[0.0, 0, 0], [distance, 0, 0]]), 4.0 * np.eye(3))


def with_nan():
    """A crystal with a position that is not a number."""
    sound = crystal()
    positions = sound.positions.copy()
    positions[1, 2] = np.nan
    return sound._replace(positions=positions)


def flat():
    """A crystal whose lattice vectors lie in a plane."""
    sound = crystal()
    cell = sound.cell.copy()
    cell[2] = cell[0] + cell[1]
    return sound._replace(cell=cell)


class AseCalculator(Calculator):
    """Any potential as an ASE calculator, for comparison."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def __init__(self, potential):
        super().__init__()
        self.potential = potential

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        said = self.potential(build_batch([crystal_from(self.atoms)], self.potential.cutoff))
        self.results = {
            "energy": said.energy.item(),
            "free_energy": said.energy.item(),
            "forces": said.forces.numpy(),
            "stress": full_3x3_to_voigt_6_stress(said.stress[0].numpy()),
        }
