"""Runs in MACE's own environment: compare MacePotential with MACE's ASE calculator.

Reads crystals from an npz file, writes what both say to another one.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch

from facet import load
from facet.graph.neighbors import Crystal, build_batch
from facet.interop.mace import load_mace

BATCH = 10


def main(crystals_file, weights, results_file):
    crystals = read_crystals(crystals_file)
    before = torch.get_default_dtype()
    potential = load_mace(weights, dtype=torch.float64)
    results = {
        "switch_is_set": "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" in os.environ,
        "default_dtype_kept": torch.get_default_dtype() == before,
        "fingerprint": potential.fingerprint,
        "species": sorted(potential.species),
        "cutoff": potential.cutoff,
        "facet_energy": energies_of_facet(crystals[:5]),
    }
    results |= named("alone", [potential(graph([each], potential)) for each in crystals])
    groups = [crystals[i : i + BATCH] for i in range(0, len(crystals), BATCH)]
    results |= named("batched", [potential(graph(group, potential)) for group in groups])
    far = [graph(group, potential, beyond=1.0) for group in groups[:2]]
    results |= named("far_edges", [potential(each) for each in far])
    single = load_mace(weights, dtype=torch.float32)
    results |= named("single_precision", [single(graph(groups[0], single))])
    lone = Crystal(np.array([14]), np.zeros((1, 3)), 20 * np.eye(3))
    results |= named("lone_atom", [potential(graph([lone], potential))])
    results |= reference("ase", crystals, weights)
    results |= reference("lone_ase", [lone], weights)
    np.savez(results_file, **results)


def read_crystals(path):
    with np.load(path) as data:
        count = len(data["cells"])
        return [Crystal(data[f"z{i}"], data[f"x{i}"], data["cells"][i]) for i in range(count)]


def graph(crystals, potential, beyond=0.0):
    return build_batch(crystals, potential.cutoff + beyond, potential.dtype)


def named(name, predictions):
    return {
        f"{name}_energy": np.concatenate([each.energy.numpy() for each in predictions]),
        f"{name}_forces": np.concatenate([each.forces.numpy() for each in predictions]),
        f"{name}_stress": np.concatenate([each.stress.numpy() for each in predictions]),
    }


def energies_of_facet(crystals):
    potential = load("facet-s", dtype=torch.float64)
    return potential(graph(crystals, potential)).energy.numpy()


def reference(name, crystals, weights):
    from ase import Atoms
    from mace.calculators import MACECalculator

    calculator = MACECalculator(model_paths=weights, device="cpu", default_dtype="float64")
    energy, forces, stress = [], [], []
    for each in crystals:
        atoms = Atoms(each.species, each.positions, cell=each.cell, pbc=True)
        atoms.calc = calculator
        energy.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
        stress.append(atoms.get_stress(voigt=False))
    return {
        f"{name}_energy": np.array(energy),
        f"{name}_forces": np.concatenate(forces),
        f"{name}_stress": np.array(stress),
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
