"""The three files of a campaign: candidates, competing phases, sealed controls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import ase.io
from ase import Atoms
from pymatgen.core.composition import Composition

from substitution.candidates import candidates
from substitution.controls import CONTROLS
from substitution.references import references

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from pymatgen.core.structure import Structure

    from substitution.candidates import Candidate


def write_candidates(
    path: Path, random: np.random.Generator, rattle: float
) -> dict[str, Candidate]:
    """Write all candidates in random order as extended XYZ; nothing in it marks the controls.

    Args:
        path: The file to write.
        random: Decides the order and the displacements.
        rattle: Standard deviation of the displacements in angstrom.

    Returns:
        The substitution behind each material_id.
    """
    made = candidates()
    order = random.permutation(len(made))
    named = {f"candidate-{rank:03d}": made[index] for rank, index in enumerate(order, start=1)}
    frames = []
    for name, candidate in named.items():
        crystal = rattled(candidate.structure(), random, rattle)
        frame = Atoms(
            crystal.atomic_numbers, crystal.cart_coords, cell=crystal.lattice.matrix, pbc=True
        )
        frame.info = {
            "material_id": name,
            "formula": candidate.formula,
            "prototype": candidate.prototype,
        }
        frames.append(frame)
    ase.io.write(path, frames, format="extxyz")
    return named


def write_references(path: Path, random: np.random.Generator, rattle: float) -> int:
    """Write the competing phases as JSON lines and return how many there are."""
    lines = []
    for phase in references():
        crystal = rattled(phase.structure, random, rattle)
        record = {
            "material_id": f"{phase.formula}-{phase.prototype}".replace(" ", "-"),
            "formula": phase.formula,
            "prototype": phase.prototype,
            "structure": crystal.as_dict(verbosity=0),
        }
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def write_controls(path: Path, named: dict[str, Candidate]) -> int:
    """Write which candidates are the known compounds, to be opened when all is ranked."""
    ids = {(made.formula, made.prototype): name for name, made in named.items()}
    records = []
    for control in CONTROLS:
        formula = Composition(control.formula).reduced_formula
        records.append(
            {
                "material_id": ids[formula, control.prototype],
                "formula": formula,
                "written": control.formula,
                "prototype": control.prototype,
                "known_as": control.known_as,
            }
        )
    path.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return len(records)


def rattled(structure: Structure, random: np.random.Generator, deviation: float) -> Structure:
    """Displace every atom a little, so that no symmetry keeps a crystal on a saddle point."""
    moved = structure.lattice.get_fractional_coords(
        structure.cart_coords + random.normal(0.0, deviation, (len(structure), 3))
    )
    return type(structure)(structure.lattice, structure.species, moved)
