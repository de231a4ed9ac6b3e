"""What the relaxation of one structure gives to the jobs that follow it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, Field
from pymatgen.core.structure import Structure

from facet.units import vasp_kilobar_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult


class CalculationOutput(BaseModel):
    """Energy, forces and stress where atomate2's flows look for them, in its units and signs."""

    structure: Structure = Field(description="The last good geometry.")
    energy: float | None = Field(description="Potential energy in eV, without the pressure term.")
    energy_per_atom: float | None = Field(description="The same in eV/atom.")
    forces: list[list[float]] | None = Field(description="In eV/angstrom, shape (atoms, 3).")
    stress: list[list[float]] | None = Field(
        description="In kbar, positive when compressed as in VASP, shape (3, 3)."
    )


class RelaxOutput(BaseModel):
    """How one crystal ended; the last good geometry with its energy, forces and stress."""

    structure: Structure = Field(description="The last good geometry.")
    energy: float | None = Field(description="Potential energy in eV, without the pressure term.")
    energy_per_atom: float | None = Field(description="The same in eV/atom.")
    forces: list[list[float]] | None = Field(description="In eV/angstrom, shape (atoms, 3).")
    stress: list[list[float]] | None = Field(description="In eV/angstrom^3, shape (3, 3).")
    stop_reason: str = Field(description="Which of the six ends.")
    message: str = Field(description="One sentence that says why it ended.")
    num_steps: int = Field(description="Optimizer steps taken.")
    fmax: float | None = Field(description="Largest norm of a force in eV/angstrom.")
    smax: float | None = Field(description="Largest component of stress + pressure in GPa.")
    potential_fingerprint: str = Field(description="SHA-256 of the potential's weights and config.")
    energy_scheme: str = Field(description="Functional and corrections of the energy.")
    output: CalculationOutput = Field(description="The same for atomate2's flows.")
    dir_name: str = Field(description="Folder that the job ran in; it leaves no files there.")


def relax_output(result: RelaxResult, structure: Structure, potential: Potential) -> RelaxOutput:
    """Bring a result to plain values; what is not finite is None.

    Args:
        result: How it ended.
        structure: The input, which stands for a geometry that the potential could not read.
        potential: What relaxed it.
    """
    has_energy = bool(np.isfinite(result.energy))
    found: dict[str, Any] = {
        "structure": result.structure if len(result.species) > 0 else structure,
        "energy": result.energy if has_energy else None,
        "energy_per_atom": result.energy / len(structure) if has_energy else None,
        "forces": result.forces.tolist() if has_energy else None,
    }
    kilobar = np.vectorize(vasp_kilobar_from_ev_per_cubic_angstrom)(result.stress)
    return RelaxOutput(
        **found,
        stress=result.stress.tolist() if has_energy else None,
        output=CalculationOutput(**found, stress=kilobar.tolist() if has_energy else None),
        stop_reason=result.stop_reason.value,
        message=result.message,
        num_steps=result.num_steps,
        fmax=result.fmax if has_energy else None,
        smax=result.smax if has_energy else None,
        potential_fingerprint=potential.fingerprint,
        energy_scheme=potential.energy_scheme,
        dir_name=str(Path.cwd()),
    )
