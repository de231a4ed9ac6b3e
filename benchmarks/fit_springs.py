"""Fit the springs that ``lbfgs-springs`` starts from to second derivatives of a potential.

    python benchmarks/fit_springs.py [--data ../shared/data] [--count 760] [--held-out 152]
        [--potential facet-s] [--write PATH]

Finite differences at pool crystals of up to 12 atoms, most with another volume; six constants and
the radii minimize the mean square logarithm of the eigenvalues relative to the springs. This score
is printed for crystals held out, some of which the constants as shipped may have seen.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import ase.data
import numpy as np
import torch

from facet.checkpoint import load
from facet.graph.neighbors import Crystal, find_pairs
from facet.graph.skin import SKIN, edges_within
from facet.relaxation.cell import Push, deform, move
from facet.relaxation.evaluate import evaluator_for
from facet.relaxation.motion import look_from
from facet.relaxation.optimizers import springs
from facet.relaxation.optimizers.packs import NUM_CELL, PACK_SIZES, matrices_of, packs_of
from facet.relaxation.optimizers.radii import covalent_radii
from facet.relaxation.settings import RelaxSettings
from facet.relaxation.state import join_states, start_state
from facet.relaxation.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor

    from facet.potential import Potential
    from facet.relaxation.optimizers.optimizer import Here
    from facet.relaxation.optimizers.packs import Pack
    from facet.relaxation.state import OptimizerState

    Sample = tuple[OptimizerState, Tensor]
    Batch = tuple[Here, Pack, Tensor]

FIRST = {"STIFFNESS": 5.0, "DECAY": 5.0, "ACROSS": 0.1, "ON_SITE": 0.37, "BULK": 0.2, "SHEAR": 0.37}
MOVE, STRAIN, SOFTEST = 0.015, 0.004, 0.3  # half differences in A and of U; softest eV/A^2
TINY, TAKEN, UNCHANGED, SPREAD = 4, 0.5, 0.4, 0.1  # half of those below 4 atoms; 2 in 5 unchanged
SEED, BATCH, EPOCHS, WORST = 7, 60, 40, 20.0  # crystals together, passes, most that one counts
PRIOR, USUAL = 0.002, 0.15  # weight of the logarithms of changes of radii, and their usual size


def main() -> None:
    """Differentiate, fit, score, print, and write if asked."""
    given = parse_arguments()
    torch.set_num_threads(1)
    potential = load(given.potential)
    samples = list(islice(differentiate(read_pool(given.data), potential), given.count))
    unseen = batches_of(samples[: given.held_out])
    shipped = {name: getattr(springs, name) for name in FIRST}
    models = {"as shipped": (shipped, covalent_radii(torch.device("cpu")))}
    models["fitted"] = fit(batches_of(samples[given.held_out :]))
    document: dict[str, Any] = {"fingerprint": potential.fingerprint, "count": given.count}
    for name, (constants, radii) in models.items():
        misfits = torch.cat([misfit(each, constants, radii) for each in unseen])
        numbers = {"held_out": len(misfits), "score": float(misfits.mean()), **constants}
        document[name] = numbers | {"picometers": (100 * radii[1:119]).round().int().tolist()}
        print(f"{name}:", ", ".join(f"{key} {value:.3g}" for key, value in numbers.items()))
        print("  radii in pm:", *document[name]["picometers"])
    if given.write:
        given.write.write_text(json.dumps(document) + "\n")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=760, help="crystals, with those held out")
    parser.add_argument("--held-out", type=int, default=152)
    parser.add_argument("--potential", default="facet-s", help="bundled name or checkpoint")
    parser.add_argument("--write", type=Path, help="file for the numbers as JSON")
    given = parser.parse_args()
    if not 0 < given.held_out < given.count:
        parser.error("Hold out at least one crystal, and fewer than there are.")
    return given


def read_pool(data: Path) -> Iterator[Crystal]:
    """Small crystals of the pool in random order, most of them with another volume."""
    generator = np.random.default_rng(SEED)
    with lzma.open(data / "pool.npz.xz") as file, np.load(io.BytesIO(file.read())) as arrays:
        pool = {key: arrays[key] for key in ("n", "Z", "frac", "cell")}
    count = pool["n"].astype(np.int64)
    first = np.cumsum(count) - count
    for i in generator.permutation(np.flatnonzero(count <= PACK_SIZES[0])):
        skip, change = generator.random(2) > (TAKEN, UNCHANGED)
        if count[i] < TINY and skip:
            continue
        scale = np.exp(change * generator.normal(0, SPREAD) / 3)
        atoms, cell = slice(first[i], first[i] + count[i]), scale * pool["cell"][i].astype(float)
        yield Crystal(pool["Z"][atoms].astype(np.int64), pool["frac"][atoms] / 2**20 @ cell, cell)


def differentiate(crystals: Iterable[Crystal], potential: Potential) -> Iterator[Sample]:
    """Find the second derivatives of crystals, and leave out those where the potential fails."""
    for crystal in crystals:
        state = start_state(Ticket(""), crystal, find_pairs(crystal, potential.cutoff + SKIN))
        if (curvature := second_derivatives(state, potential)).isfinite().all():
            yield state, mended(curvature)


def second_derivatives(start: OptimizerState, potential: Potential) -> Tensor:
    """Differences of what the optimizer is told on either side; ``nan`` where nothing is."""
    count = start.num_atoms
    sizes = torch.tensor([MOVE] * 3 * count + [STRAIN * count] * NUM_CELL, dtype=torch.float64)
    steps = torch.cat([torch.diag(sizes), torch.diag(-sizes)])
    state = join_states([start] * len(steps))
    (pack,) = packs_of(state.ledger.num_atoms, state.structure_index)
    step = Push(pack.unpack_atoms(steps), matrices_of(steps[:, -NUM_CELL:]))
    there = move(state.coordinates, step, state.ledger.num_atoms)
    now = deform(there, state.structure_index)
    state = replace(state, coordinates=there, geometry=now)
    edges = edges_within(state.neighbors, now.positions, now.cells, potential.cutoff)
    said = evaluator_for(potential)(state.batch(edges))
    told = replace(state.last_good, energy=said.energy, forces=said.forces, stress=said.stress)
    push = look_from(replace(state, last_good=told), RelaxSettings()).push
    forward, backward = pack.pack(push.atoms[:, None], push.cells[:, None]).squeeze(1).chunk(2)
    return (backward - forward) / (2 * sizes[:, None])


def mended(rough: Tensor) -> Tensor:
    """Make second derivatives symmetric, zero for common displacements, else positive."""
    count = (len(rough) - NUM_CELL) // 3
    # By x and root N U, which weigh alike.
    scale = torch.tensor([1.0] * 3 * count + [count**0.5] * NUM_CELL, dtype=torch.float64)[:, None]
    kept = torch.eye(len(rough), dtype=torch.float64)
    kept[:-NUM_CELL, :-NUM_CELL] -= torch.eye(3, dtype=torch.float64).repeat(count, count) / count
    values, vectors = torch.linalg.eigh(kept @ (scale * (rough + rough.mT) / 2 * scale.mT) @ kept)
    firm: Tensor = kept @ (vectors * values.abs().clamp_min(SOFTEST)) @ vectors.mT @ kept
    return firm / scale / scale.mT


def batches_of(samples: Sequence[Sample]) -> list[Batch]:
    """Join crystals of similar size."""
    ordered = sorted(samples, key=lambda each: len(each[1]))
    return [joined(ordered[i : i + BATCH]) for i in range(0, len(ordered), BATCH)]


def joined(samples: Sequence[Sample]) -> Batch:
    """Lay matrices into those of the largest crystal, with ones on the diagonal elsewhere."""
    state = join_states([each for each, _ in samples])
    (pack,) = packs_of(state.ledger.num_atoms, state.structure_index)
    truth = torch.eye(pack.length, dtype=torch.float64).repeat(len(samples), 1, 1)
    for row, (_, curvature) in enumerate(samples):
        own = torch.tensor([*range(len(curvature) - NUM_CELL), *range(-NUM_CELL, 0)])
        truth[row, own[:, None], own] = curvature
    return look_from(state, RelaxSettings()), pack, truth


def misfit(batch: Batch, constants: Mapping[str, Any], radii: Tensor) -> Tensor:
    """Mean square logarithm of the eigenvalues relative to the springs, for each crystal."""
    here, pack, truth = batch
    # What is fitted is the shipped code itself, its constants replaced while it runs.
    with patch.multiple(springs, covalent_radii=lambda _: radii, **constants):
        guess = springs.Springs().at(here).dense(pack)
    back = torch.linalg.inv(torch.linalg.cholesky(guess))
    # The first three are common displacements, which springs do not mix with anything.
    values = torch.linalg.eigvalsh(back @ truth @ back.mT)[:, 3:]
    squares: Tensor = values.clamp_min(1e-6).log().square().sum(dim=1) / (3 * here.num_atoms + 3)
    return squares


def fit(batches: Sequence[Batch]) -> tuple[dict[str, float], Tensor]:
    """Find constants, from first guesses on, and radii, covalent where no crystal tells."""
    radii = torch.as_tensor(ase.data.covalent_radii).clone()
    radii[97:], radii[2] = 1.5, 1.0  # beyond curium unknown; that of helium is no bond's
    logarithms = torch.tensor(list(FIRST.values()), dtype=torch.float64).log().requires_grad_()
    changes = torch.zeros_like(radii, requires_grad=True)
    groups = [{"params": [logarithms], "lr": 0.05}, {"params": [changes], "lr": 0.02}]
    optimizer, generator = torch.optim.Adam(groups), np.random.default_rng(SEED)
    for _ in range(EPOCHS):
        for i in generator.permutation(len(batches)):
            constants = dict(zip(FIRST, logarithms.exp(), strict=True))
            squares = misfit(batches[i], constants, radii * changes.exp())
            prior = PRIOR * (changes / USUAL).square().sum() / len(batches)
            optimizer.zero_grad()
            (squares.clamp_max(WORST).mean() + prior).backward()
            optimizer.step()
    return dict(zip(FIRST, logarithms.exp().tolist(), strict=True)), radii * changes.detach().exp()


if __name__ == "__main__":
    main()
