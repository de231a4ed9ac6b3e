"""Small data folders that the suite can run on."""

from __future__ import annotations

import gzip
import json
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ase.build
import ase.io
import numpy as np
import torch
from ase.calculators.singlepoint import SinglePointCalculator

from facet.graph.convert import crystal_from_atoms
from facet.relaxation.relaxer import relax
from facet.testing import LennardJones
from facet.training.evaluate import predict
from screening.schemes import UNCORRECTED
from workflows.evaluation import dimers, discovery, elasticity
from workflows.evaluation.frames import DFT_ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms

ELEMENTS = "mp-elemental-reference-entries.json.gz"
POTENTIAL = LennardJones(energy_scheme=UNCORRECTED)
"""Atoms whose energies pass for uncorrected ones; copper and gold alike."""

REST = 3.403
"""Edge in angstrom of their face-centered cell, nearly at rest."""


@dataclass(frozen=True)
class Holed(LennardJones):
    """Atoms that fall into each other."""

    energy_scheme: str = UNCORRECTED

    def pair_energy(self, distances):
        energy, slope = super().pair_energy(distances)
        is_close = distances < 1.5
        return energy.where(~is_close, -9.0 + 0 * energy), slope.where(~is_close, 0 * slope)


def cell(formula: str, edge: float = REST) -> Atoms:
    """A cubic cell of four atoms, one of which is of the second element."""
    atoms = ase.build.bulk("Cu", "fcc", a=edge, cubic=True)
    atoms.symbols = formula
    return atoms


def write_frames(path: Path, atoms: list[Atoms], shift: float) -> Path:
    """Frames labeled by the potential, their energies this many eV/atom too low."""
    for each in atoms:
        said = predict(POTENTIAL, [crystal_from_atoms(each)])
        each.calc = SinglePointCalculator(
            each,
            energy=float(said.energy[0]) - shift * len(each),
            forces=said.forces,
            stress=said.stress[0][[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        )
    plain = path.with_suffix("")
    ase.io.write(plain, atoms, format="extxyz")
    path.write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    return path


def write_dimers(path: Path) -> Path:
    """The Lennard-Jones curve of copper, and a pair of unlike elements to be passed over."""
    distances = np.linspace(0.4, 6.0, 80)
    power = (POTENTIAL.sigma / distances) ** 6
    switch, _ = POTENTIAL._switch(torch.as_tensor(distances))
    energies = 4 * POTENTIAL.epsilon * (power**2 - power) * switch.numpy()
    values = {"distances": distances.tolist(), "energies": energies.tolist()}
    path.write_bytes(
        gzip.compress(json.dumps({"PBE": {"Cu-Cu": values, "Cu-Au": values}}).encode())
    )
    return path


def write_elastic(path: Path, bulk: float, shear: float) -> Path:
    atoms = cell("Cu3Au")
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "xyz": position.tolist()}
        for symbol, position in zip(atoms.symbols, atoms.positions, strict=True)
    ]
    structure = {"lattice": {"matrix": atoms.cell.tolist()}, "sites": sites}
    row = {"mp_id": "mp-1", "structure": structure}
    row |= {"bulk_modulus_vrh": bulk, "shear_modulus_vrh": shear}
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    return path


def write_campaign(folder: Path, formation: float) -> None:
    """Two stretched candidates, one stable by far, on a hull whose elements cost the same."""
    images = []
    for name, formula in (("good", "Cu3Au"), ("bad", "CuAu3")):
        atoms = cell(formula, 1.03 * REST)
        above = formation if name == "good" else 0.5
        atoms.info = {
            "candidate_of": name,
            "source": "wbm972",
            "formula": formula,
            "dft_e_above_hull_excl_own": above,
            "dft_e_form": above,
            "dft_volume_per_atom": REST**3 / 4,
        }
        images.append(atoms)
    passed_over = cell("Cu2Au2")
    passed_over.info = {"source": "guess"}
    plain = folder / "campaign"
    ase.io.write(plain, [*images, passed_over], format="extxyz")
    (folder / discovery.FILE).write_bytes(lzma.compress(plain.read_bytes()))
    phases = {"Cu": {"formula": "Cu", "e_form": 0.0}, "Au": {"formula": "Au", "e_form": 0.0}}
    (folder / discovery.HULL).write_bytes(lzma.compress(json.dumps(phases).encode()))
    (rest,) = relax([crystal_from_atoms(cell("Cu4"))], POTENTIAL)
    element = rest.energy / 4 - formation
    (folder / ELEMENTS).write_bytes(
        gzip.compress(
            json.dumps({name: {"energy_per_atom": [element]} for name in phases}).encode()
        )
    )


def write_data(folder: Path) -> Path:
    """A whole data folder."""
    folder.mkdir(exist_ok=True)
    for row in DFT_ROWS:
        write_frames(folder / row.file, [cell("Cu3Au"), cell("Cu4", 3.4)], shift=0.01)
    write_dimers(folder / dimers.FILE)
    write_elastic(folder / elasticity.FILE, 50.0, 20.0)
    write_campaign(folder, formation=-0.2)
    return folder
