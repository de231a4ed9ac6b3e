"""Small labeled frames for the tests of training: strained and rattled Lennard-Jones crystals."""

import numpy as np
import torch

from facet.graph.neighbors import Crystal, build_batch
from facet.testing import LennardJones

SPECIES = (11, 17, 19)


def write_shard(path, num_frames=24, seed=0, *, species=SPECIES, sigma=2.3):
    """Write frames of two atoms with energies, forces and stresses that belong together."""
    rng = np.random.default_rng(seed)
    potential = LennardJones(
        epsilon=0.2, sigma=sigma, cutoff=4.0, switch_start=3.0, species=frozenset(SPECIES)
    )
    fractions, cells, numbers, energies, forces, stresses = [], [], [], [], [], []
    for _ in range(num_frames):
        cell = 3.2 * (np.eye(3) + rng.normal(0, 0.03, (3, 3)))
        fraction = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) + rng.normal(0, 0.01, (2, 3))
        atoms = rng.choice(species, 2)
        crystal = Crystal(atoms, fraction @ cell, cell)
        said = potential(build_batch([crystal], potential.cutoff, torch.float64))
        fractions.append(fraction)
        cells.append(cell)
        numbers.append(atoms)
        energies.append(float(said.energy[0]) - 0.1 * atoms.sum())
        forces.append(said.forces.numpy())
        stresses.append(said.stress[0].numpy())
    np.savez(
        path,
        n=np.full(num_frames, 2, dtype=np.uint16),
        Z=np.concatenate(numbers).astype(np.uint8),
        frac=np.concatenate(fractions).astype(np.float32),
        cell=np.array(cells, dtype=np.float32),
        energy=np.array(energies),
        forces=np.concatenate(forces).astype(np.float32),
        stress=np.array(stresses, dtype=np.float32),
        kind=np.zeros(num_frames, dtype=np.uint8),
        id=np.array([f"parent-{i}" for i in range(num_frames)], dtype="S15"),
    )
    return path


CONFIG = """
model: {{preset: facet-s, channels: [8, 4], num_layers: 2, cutoff: 4.0, species: [11, 17, 19]}}
shards: {shards}
output: {output}
batch_size: 4
num_steps: {num_steps}
warmup_steps: 2
decay_steps: 4
learning_rate: 1e-2
save_every: 5
evaluate_every: 10
validation_fraction: 0.5
"""


def write_config(folder, name, num_steps=15):
    """Write a config beside its shard and return its path."""
    write_shard(folder / "shard-0.npz")
    path = folder / f"{name}.yaml"
    path.write_text(CONFIG.format(shards="shard-*.npz", output=name, num_steps=num_steps))
    return path
