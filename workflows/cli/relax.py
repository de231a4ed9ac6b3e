"""``facet relax``."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from facet.relaxation.relaxer import relax
from workflows.cli.exits import REJECTED, UNFINISHED
from workflows.cli.files import check_writable
from workflows.cli.progress import progress
from workflows.cli.tables import print_json, print_table
from workflows.inputs import read_crystals
from workflows.potentials import resident_potential

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ase import Atoms
    from pymatgen.core.structure import Structure

    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.inputs import InputCrystal

SHOWN = ("name", "formula", "stop_reason", "energy_per_atom", "num_steps", "fmax", "smax")


@dataclass(frozen=True)
class RelaxRequest:
    """What is to be relaxed, and how.

    Attributes:
        paths: Files, folders or archives of crystals.
        settings: Relaxation settings.
        potential: Bundled name or path of the potential.
        limit: Read at most this many crystals.
    """

    paths: Sequence[Path]
    settings: RelaxSettings
    potential: str
    limit: int | None = None


class Intake:
    """Crystals as they are read: the order of all, and the faults of those that were rejected."""

    def __init__(self, request: RelaxRequest) -> None:
        self._crystals = islice(read_crystals(request.paths), request.limit)
        self.order: dict[str, int] = {}
        self.rejects: list[InputCrystal] = []

    def __iter__(self) -> Iterator[tuple[str, Structure]]:
        for place, crystal in enumerate(self._crystals):
            self.order[crystal.name] = place
            if crystal.structure is None:
                self.rejects.append(crystal)
            else:
                yield crystal.name, crystal.structure


def run_relax(request: RelaxRequest, *, out: Path | None, as_json: bool, strict: bool) -> int:
    """Relax crystals without a database and return the exit code.

    Args:
        request: Crystals, potential and settings.
        out: Extended XYZ file for the relaxed crystals; None writes none.
        as_json: Print JSON instead of a table.
        strict: Return 3 when an input was rejected, or is beyond the potential.

    Raises:
        InputError: A path does not exist, or the output cannot be written.
    """
    if out is not None:
        check_writable(out, ".extxyz")
    potential = resident_potential(request.potential)
    intake = Intake(request)
    results: list[RelaxResult] = []
    is_cut_short = False
    try:
        with progress() as advance:
            for result in relax(intake, potential, request.settings):
                results.append(result)
                advance(result.stop_reason.value)
    except (KeyboardInterrupt, SystemExit):  # the keyboard, or the signal to terminate
        sys.stderr.write("Interrupted: only what was relaxed by now is shown.\n")
        is_cut_short = True
    results.sort(key=lambda each: intake.order[each.name])
    if out is not None:
        _write(out, results)
    _show([_row(each) for each in results], intake.rejects, as_json=as_json)
    if is_cut_short:
        return UNFINISHED
    is_refused = bool(intake.rejects) or any(e.stop_reason == "unsupported" for e in results)
    return REJECTED if strict and is_refused else 0


def _row(result: RelaxResult) -> dict[str, Any]:
    """Plain values: eV/atom, eV/angstrom, GPa, A^3/atom."""
    num_atoms = max(1, len(result.species))  # one that could not be read has no atoms
    structure = result.structure if len(result.species) else None
    return {
        "name": result.name,
        "formula": structure.composition.reduced_formula if structure else None,
        "stop_reason": result.stop_reason.value,
        "message": result.message,
        "energy_per_atom": _finite(result.energy / num_atoms),
        "num_steps": result.num_steps,
        "num_evaluations": result.num_evaluations,
        "fmax": _finite(result.fmax),
        "smax": _finite(result.smax),
        "volume_per_atom": structure.volume / num_atoms if structure else None,
        "structure": structure.as_dict() if structure else None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _show(rows: list[dict[str, Any]], rejects: list[InputCrystal], *, as_json: bool) -> None:
    if as_json:
        faults = [{"name": each.name, "rejection": each.fault} for each in rejects]
        print_json({"results": rows, "rejected": faults})
        return
    for each in rejects:
        sys.stdout.write(f"rejected: {each.fault}\n")
    for row in rows:
        if row["energy_per_atom"] is None:
            sys.stdout.write(f"no energy: {row['message']}\n")
    print_table("Relaxed crystals", SHOWN, [[row[key] for key in SHOWN] for row in rows])


def _write(path: Path, results: Sequence[RelaxResult]) -> None:
    """Write the last good geometries of all crystals that could be read."""
    from ase.io import write

    write(path, [_atoms(each) for each in results if len(each.species)], format="extxyz")


def _atoms(result: RelaxResult) -> Atoms:
    """ASE atoms with name and stop reason, and energy, forces and stress if there are any."""
    from ase.calculators.singlepoint import SinglePointCalculator

    from facet.graph.convert import atoms_from

    atoms = atoms_from(result.crystal)
    atoms.info = {"name": result.name, "stop_reason": result.stop_reason.value}
    if math.isfinite(result.energy):
        atoms.calc = SinglePointCalculator(
            atoms, energy=result.energy, forces=result.forces, stress=result.stress
        )
    return atoms
