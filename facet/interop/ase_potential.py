"""Any ASE calculator behind our protocol, crystal by crystal.

The engine then drives calculators of other projects as it drives our potentials. Each crystal of a
batch is a call of its own, so that the speed is that of the calculator and no batch's.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import torch

from facet.errors import CheckpointError, ConfigError
from facet.graph.convert import atoms_from
from facet.graph.neighbors import Crystal
from facet.potential import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase.calculators.calculator import Calculator

    from facet.graph.batch import GraphBatch

ENERGY_SCHEME = "PBE+U uncorrected"
"""What most published calculators predict; name another where it is not so."""

HEAVIEST = 118
VOIGT = ((0, 5, 4), (5, 1, 3), (4, 3, 2))
"""Place of each component of a stress in ASE's order of six."""


class AsePotential:
    """Energies, forces and stresses of an ASE calculator, one crystal after the other.

    The calculator makes its own neighbor list; the cutoff here is for the optimizer, which looks at
    neighbors too. Numbers come in double precision whatever the calculator computes in.

    Attributes:
        is_one_by_one: Always true; reports say so beside its speed.

    Args:
        calculator: Gives energy, forces and stress.
        fingerprint: What tells its weights.
        energy_scheme: Functional and corrections of its energies.
        species: Atomic numbers that it knows; all when not given.
    """

    is_one_by_one = True
    cutoff = 5.0
    dtype = torch.float64
    device = torch.device("cpu")

    def __init__(
        self,
        calculator: Calculator,
        fingerprint: str,
        energy_scheme: str = ENERGY_SCHEME,
        species: frozenset[int] = frozenset(range(1, HEAVIEST + 1)),
    ) -> None:
        self.fingerprint = fingerprint
        self.energy_scheme = energy_scheme
        self.species = species
        self._calculator = calculator

    def in_double(self) -> AsePotential:
        """Itself: nothing is known of its precision."""
        return self

    def __call__(self, batch: GraphBatch) -> Prediction:
        """Evaluate the crystals of a batch one after the other."""
        said = [self._one(batch, index) for index in range(batch.num_structures)]
        energies, forces, stresses = zip(*said, strict=True)
        return Prediction(
            energy=torch.tensor(energies, dtype=torch.float64),
            forces=torch.from_numpy(np.concatenate(forces)),
            stress=torch.from_numpy(np.stack(stresses)),
        )

    def _one(self, batch: GraphBatch, index: int) -> tuple[float, np.ndarray, np.ndarray]:
        mine = batch.structure_index == index
        atoms = atoms_from(
            Crystal(
                batch.species[mine].numpy(),
                batch.positions[mine].detach().double().numpy(),
                batch.cells[index].detach().double().numpy(),
            )
        )
        atoms.calc = self._calculator
        voigt = np.asarray(atoms.get_stress(voigt=True), dtype=np.float64)
        forces = np.asarray(atoms.get_forces(), dtype=np.float64)
        return float(atoms.get_potential_energy()), forces, voigt[np.array(VOIGT)]


def load_ase(place: str) -> AsePotential:
    """Make the calculator that an import path names.

    Args:
        place: ``MODULE:FACTORY``; the factory is called without arguments and returns a calculator.

    Raises:
        CheckpointError: It cannot be imported or made.
    """
    factory = _factory(place)
    try:
        calculator = factory()
    except Exception as error:
        raise CheckpointError(
            f"The ASE calculator {place} cannot be made ({type(error).__name__}: {error}); the "
            "factory must work without arguments."
        ) from error
    scheme = getattr(calculator, "energy_scheme", ENERGY_SCHEME)
    return AsePotential(calculator, fingerprint_of(place), scheme)


def fingerprint_of(place: str) -> str:
    """SHA-256 of an import path: all that is known of a calculator's weights from outside.

    Raises:
        ConfigError: It is no import path of a factory.
    """
    module, _, name = place.partition(":")
    if not (name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ConfigError(
            f"{place!r} names no calculator; write MODULE:FACTORY, such as my_package.models:make."
        )
    return hashlib.sha256(f"ase:{place}".encode()).hexdigest()


def _factory(place: str) -> Callable[[], Calculator]:
    fingerprint_of(place)
    module, _, name = place.partition(":")
    try:
        factory: Callable[[], Calculator] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"The ASE calculator {place} cannot be imported ({error}); install its package in the "
            "environment that the side runs in, or check the name."
        ) from error
    return factory
