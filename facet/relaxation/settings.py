"""How a relaxation behaves."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIMIZERS = ("fire", "fire2", "lbfgs", "lbfgs-springs")
SYMMETRIES = ("free", "keep")
CELLS = ("free", "fixed", "fixed-volume", "fixed-shape")
POSITIVE = (
    "fmax",
    "smax",
    "max_step",
    "max_strain",
    "symprec",
    "min_distance",
    "min_volume_ratio",
    "max_volume_ratio",
    "max_energy_per_atom",
    "max_force",
)
NOT_NEGATIVE = ("max_steps", "max_batch_atoms", "max_batch_edges", "trajectory_every", "rattle")


@dataclass(frozen=True)
class RelaxSettings:
    """Limits of a relaxation; nonsense is refused on creation.

    Attributes:
        fmax: Converged when no force is larger than this, in eV/angstrom.
        smax: Converged when no component of stress + pressure is larger than this, in GPa;
            asked only of what may move of the cell.
        max_steps: Steps after which a crystal that has not converged is given up; with zero each
            crystal is evaluated once.
        optimizer: ``lbfgs-springs``, plain ``lbfgs``, ``fire2``, or ``fire`` as ASE's.
        cell: What of the cell may move: everything (``free``), nothing (``fixed``), its shape
            (``fixed-volume``) or its volume (``fixed-shape``).
        pressure: Target pressure in GPa; positive compresses.
        symmetry: ``free``, or ``keep`` the space group that the input has.
        symprec: Tolerance in angstrom within which space groups are found.
        rattle: A crystal that converges is moved by this many angstrom, freed of its symmetry, and
            relaxed once more; the lower of both ends is its result. With zero it is left alone.
        max_step: Longest step in angstrom, of any atom; for FIRE of all coordinates of a crystal
            together, as in ASE.
        max_strain: Largest change of any component of the strain in one step.
        max_batch_atoms: Atoms evaluated together; a larger crystal runs alone. Zero: what is
            learned of the device's memory, on a CPU 512.
        max_batch_edges: Directed edges evaluated together; a larger crystal runs alone. Zero: as
            for the atoms, on a CPU 40,000.
        trajectory_every: Every so many evaluations the geometry is kept; with zero nothing is.
        min_distance: Atoms closer than this many angstrom have collapsed.
        min_volume_ratio: A cell below this share of its first volume has collapsed.
        max_volume_ratio: A cell above this multiple of its first volume has exploded.
        max_energy_per_atom: No crystal has an energy per atom beyond this, of either sign, in eV.
        max_force: No force on an atom is beyond this, in eV/angstrom.
    """

    fmax: float = 0.05
    smax: float = 0.1
    max_steps: int = 500
    optimizer: str = "lbfgs-springs"
    cell: str = "free"
    symmetry: str = "free"
    symprec: float = 0.01
    rattle: float = 0.0
    pressure: float = 0.0
    max_step: float = 0.2
    max_strain: float = 0.1
    max_batch_atoms: int = 0
    max_batch_edges: int = 0
    trajectory_every: int = 0
    min_distance: float = 0.5
    min_volume_ratio: float = 0.2
    max_volume_ratio: float = 5.0
    max_energy_per_atom: float = 100.0
    max_force: float = 1000.0

    def __post_init__(self) -> None:
        """Refuse settings that contradict themselves."""
        for each in fields(self):
            _check_type(each.name, getattr(self, each.name), each.default)
        for name in POSITIVE:
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be above zero, not {getattr(self, name)!r}.")
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("cell", self.cell, CELLS)
        _check_choice("symmetry", self.symmetry, SYMMETRIES)
        for name in NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be zero or more, not {getattr(self, name)!r}.")
        if not self.min_volume_ratio < 1 < self.max_volume_ratio:
            raise ConfigError(
                "min_volume_ratio must be below one and max_volume_ratio above one, not "
                f"{self.min_volume_ratio} and {self.max_volume_ratio}."
            )

    @property
    def has_free_cell(self) -> bool:
        """Whether anything of the cell may move."""
        return self.cell != "fixed"

    @property
    def asks_for_symmetry(self) -> bool:
        """Whether the space groups of the crystals have to be known."""
        return self.symmetry == "keep" or self.rattle > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RelaxSettings:
        """Make settings of plain values; what is missing keeps its default.

        Raises:
            ConfigError: A name is no setting, or a value makes no sense.
        """
        known = {each.name for each in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"{', '.join(unknown)} is no relaxation setting; "
                f"choose from {', '.join(sorted(known))}."
            )
        return cls(**values)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def _check_type(name: str, value: object, example: object) -> None:
    """Refuse a value that is not of the kind of its default."""
    if isinstance(example, str):
        if not isinstance(value, str):
            raise ConfigError(f"{name} must be a word, not {value!r}.")
        return
    if isinstance(example, bool):
        if not isinstance(value, bool):
            raise ConfigError(f"{name} must be true or false, not {value!r}.")
        return
    kinds: tuple[type, ...] = (int,) if isinstance(example, int) else (int, float)
    is_number = isinstance(value, int | float) and math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, kinds) or not is_number:
        wanted = "a whole number" if kinds == (int,) else "a finite number"
        raise ConfigError(f"{name} must be {wanted}, not {value!r}.")
