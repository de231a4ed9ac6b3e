"""A DFT program that was never run: task documents in atomate2's form, and a Maker of them.

Energies depend on the formula alone, so that every test knows what DFT will find.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from emmet.core.tasks import TaskDoc
from jobflow import Flow, Maker, job
from pymatgen.core.structure import Structure

ELEMENT_ENERGY = -3.0
"""eV/atom of every element in the tables of these tests."""

DATA = Path(__file__).parents[1] / "data"


def formation_energy(crystal) -> float:
    """What this DFT finds in eV/atom: between -0.15 and 0.25, by the formula."""
    composition = getattr(crystal, "composition", crystal)
    digest = hashlib.sha256(composition.reduced_formula.encode()).digest()
    return -0.15 + 0.4 * digest[0] / 255


def task_document(structure, *, run_type="GGA", formation=None, num_steps=2, **changes):
    """Make the document of a finished calculation as plain data."""
    bare = Structure(structure.lattice, structure.atomic_numbers, structure.frac_coords)
    formation = formation_energy(bare) if formation is None else formation
    energy = len(bare) * (ELEMENT_ENERGY + formation)
    relaxed = bare.copy()
    relaxed.scale_lattice(1.02 * bare.volume)
    crystals = bare.interpolate(relaxed, num_steps, interpolate_lattices=True)[1:]
    steps = [
        ionic_step(each, energy + 0.01 * (num_steps - at)) for at, each in enumerate(crystals, 1)
    ]
    incar = {"GGA": "PE", "NELM": 100}
    if run_type.endswith("+U"):
        incar["LDAU"] = True
    if run_type == "r2SCAN":
        incar = {"METAGGA": "R2scan", "NELM": 100}
    run = {
        "dir_name": "recorded",
        "vasp_version": "6.4.2",
        "has_vasp_completed": "successful",
        "completed_at": "2026-10-05 12:00:00",
        "task_name": "standard",
        "input": {
            "incar": incar,
            "parameters": incar,
            "structure": bare.as_dict(),
            "potcar_spec": [{"titel": f"PAW_PBE {each} 06Sep2000"} for each in bare.symbol_set],
            "is_hubbard": run_type.endswith("+U"),
            "hubbards": {},
        },
        "output": {
            "structure": relaxed.as_dict(),
            "energy": energy,
            "energy_per_atom": energy / len(bare),
            "ionic_steps": steps,
            "run_stats": None,
        },
        "run_type": run_type,
    }
    return {
        "state": "successful",
        "dir_name": "host:/scratch/recorded",
        "completed_at": "2026-10-05 12:00:00",
        "structure": relaxed.as_dict(),
        "input": run["input"],
        "output": {
            "structure": relaxed.as_dict(),
            "energy": energy,
            "energy_per_atom": energy / len(bare),
            "forces": np.zeros((len(bare), 3)).tolist(),
            "stress": np.zeros((3, 3)).tolist(),
        },
        "calcs_reversed": [run],
        "run_stats": {"overall": {"elapsed_time": 1800.0, "cores": 16}},
        **changes,
    }


def ionic_step(structure, energy):
    """One step of a relaxation: a compressed cell, in kbar and VASP's sign."""
    return {
        "e_fr_energy": energy,
        "e_wo_entrp": energy,
        "e_0_energy": energy,
        "forces": np.full((len(structure), 3), 0.01).tolist(),
        "stress": np.diag([16.0, 16.0, 16.0]).tolist(),
        "num_electronic_steps": 12,
        "structure": structure.as_dict(),
    }


def recorded(name):
    """A document from a file."""
    return json.loads((DATA / name).read_text())


@job(output_schema=TaskDoc)
def recorded_run(structure, run_type, step, fails):
    if fails:
        raise RuntimeError("VASP was killed")
    (Path.cwd() / f"ran-{step}").write_text(structure.formula)
    return TaskDoc(**task_document(structure, run_type=run_type))


@dataclass
class RecordedMaker(Maker):
    """A relaxation and a static calculation, as the Maker of the Materials Project."""

    name: str = "recorded"
    run_type: str = "GGA"
    fails: bool = False
    kept: dict = field(default_factory=dict)

    def make(self, structure, prev_dir=None):
        relax = recorded_run(structure, self.run_type, "relax", self.fails)
        static = recorded_run(relax.output.structure, self.run_type, "static", fails=False)
        relax.name, static.name = "recorded relax", "recorded static"
        return Flow([relax, static], output=static.output, name=self.name)


def other_functional():
    return RecordedMaker(run_type="r2SCAN")


def failing():
    return RecordedMaker(fails=True)
