"""How the stability of relaxed crystals is measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from workflows.stability.stiffness import STRAIN

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class StabilitySettings:
    """Lengths and limits of a measurement; nonsense is refused on creation.

    Attributes:
        fmax: Crystals come to rest to this force in eV/angstrom before anything is measured, and so
            do the atoms of a strained cell.
        smax: The same of the stress, in GPa.
        strain: Size of the strains.
        displacement: Of one atom in a supercell, in angstrom.
        image_distance: Least distance in angstrom of an atom from its own image in a supercell.
        max_atoms: Largest supercell; one that would be larger has a shorter distance.
        mesh_length: Wave vectors of the mesh lie as close as those of a supercell this long, in
            angstrom.
    """

    fmax: float = 0.002
    smax: float = 0.02
    strain: float = STRAIN
    displacement: float = 0.01
    image_distance: float = 12.0
    max_atoms: int = 200
    mesh_length: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        wrong = [name for name, value in asdict(self).items() if not value > 0]
        if wrong:
            raise ConfigError(f"{', '.join(wrong)} must be above zero to measure stability.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StabilitySettings:
        """Read what ``to_dict`` made; what is not given keeps its default."""
        return cls(**values)

    def resting(self, relaxed_by: RelaxSettings) -> RelaxSettings:
        """Say how a relaxed crystal comes to rest: under its own pressure, keeping its symmetry."""
        return replace(
            relaxed_by,
            fmax=self.fmax,
            smax=self.smax,
            symmetry="keep",
            rattle=0.0,
            trajectory_every=0,
        )

    def strained(self, relaxed_by: RelaxSettings) -> RelaxSettings:
        """Say how the atoms of a strained cell come to rest."""
        return replace(self.resting(relaxed_by), cell="fixed", symmetry="free")


SINGLE_POINT = RelaxSettings(max_steps=0, cell="fixed")
"""Each crystal is evaluated once, where it is."""
