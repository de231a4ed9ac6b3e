"""Potentials as ASE calculators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from facet.checkpoint import load
from facet.graph.elements import check_species
from facet.graph.neighbors import Crystal, build_batch

if TYPE_CHECKING:
    from ase import Atoms

    from facet.potential import Potential


class FacetCalculator(Calculator):  # type: ignore[misc]  # ase ships no types
    """An ASE calculator around a potential; also usable in pymatgen's ``Structure.relax``.

    Energies are in eV, forces in eV/angstrom, stress in eV/angstrom^3 in Voigt order.

    Args:
        potential: A loaded potential, or the name or path that ``facet.load`` takes.
        stress_weight: Ignored; pymatgen passes it to every calculator that it builds itself.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(
        self,
        potential: Potential | str | Path = "facet-s",
        *,
        stress_weight: float | None = None,  # noqa: ARG002 (pymatgen's calling convention)
        **kwargs: Any,  # noqa: ANN401 (ASE's calling convention)
    ) -> None:
        super().__init__(**kwargs)
        self.potential: Potential = (
            load(potential) if isinstance(potential, str | Path) else potential
        )

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate the potential for a set of atoms.

        Raises:
            UnsupportedElement: The potential does not know one of the elements.
            InvalidStructure: The atoms have no cell, no volume, or coordinates that are not finite.
        """
        super().calculate(atoms, properties, system_changes)
        potential = self.potential
        check_species(self.atoms.numbers, potential.species, self.atoms.get_chemical_formula())
        crystal = Crystal(
            self.atoms.numbers, self.atoms.get_positions(), np.array(self.atoms.cell.array)
        )
        batch = build_batch([crystal], potential.cutoff, potential.dtype, potential.device)
        prediction = potential(batch)
        energy = float(prediction.energy[0])
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": prediction.forces.double().cpu().numpy(),
            "stress": full_3x3_to_voigt_6_stress(prediction.stress[0].double().cpu().numpy()),
        }
