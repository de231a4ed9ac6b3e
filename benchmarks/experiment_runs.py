"""Which trainings the experiments consist of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facet.config import FACET_S, NEQUIP, SEVENNET_0, ModelConfig
from facet.parts import GateMixing, MlpRadial, NoNorm, ParabolaActivation, SphereMixing, SplineBasis
from facet.training.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = (0, 1)
COMPUTE_GFLOP = (500.0, 1500.0, 4500.0)
"""Budgets of arithmetic, in Gflop of matrix products."""
ALLOYS_GFLOP = (200.0, 600.0, 1800.0)
PARTS_STEPS = 500
SIZES = (75, 225, 675, 2025)
SIZES_STEPS = 600
LEVERS_STEPS = 400
ENERGY_STEPS = 400
"""Steps on energies alone that cost as much as half the steps of a lever."""


@dataclass(frozen=True)
class Subset:
    """Frames on which a small network comes near the end of its learning in minutes.

    Attributes:
        elements: Atomic numbers; no frame has others, and the network knows no others.
        kinds: How the frames were made.
        max_atoms: Largest frame.
        validation_fraction: Share of formula groups kept for validation.
    """

    elements: tuple[int, ...]
    kinds: tuple[Kind, ...]
    max_atoms: int
    validation_fraction: float


ALLOYS = Subset(
    elements=(
        *(3, 4, 12, 13, 14, 20, 21, 22, 27, 28, 29, 30),
        *(31, 32, 39, 40, 45, 46, 47, 49, 50, 57, 58, 78),
    ),
    kinds=(Kind.RELAXED, Kind.RATTLED),
    max_atoms=8,
    validation_fraction=0.15,
)
"""Relaxed and rattled crystals of 24 metals and metalloids, chosen for many frames among them."""


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        experiment: Which claim it belongs to.
        name: Which side of it.
        model: Shape of the network.
        seed: Of weights and data order.
        num_steps: Steps on energies, forces and stress; zero where ``gflop`` decides.
        batch_size: Frames per step.
        subset: Frames that take part; None for all.
        num_frames: Training frames; zero takes all.
        gflop: Arithmetic of all steps together, in Gflop; zero where ``num_steps`` decides.
        energy_steps: Steps on energies alone before the others.
        other_means: Decays of further running means of the weights that are measured as well.
    """

    experiment: str
    name: str
    model: ModelConfig
    seed: int
    num_steps: int = 0
    batch_size: int = 8
    subset: Subset | None = None
    num_frames: int = 0
    gflop: float = 0.0
    energy_steps: int = 0
    other_means: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """Name of the run among the results."""
        size = f"{self.num_frames}" if self.num_frames else f"{self.gflop:g}"
        return f"{self.experiment}/{self.name}/{size}/{self.seed}"


def compute_runs() -> Iterator[Run]:
    """Both shapes at the same budgets of arithmetic, on all labels."""
    for seed in SEEDS:
        for gflop in COMPUTE_GFLOP:
            yield Run("compute", "facet-s", FACET_S, seed, gflop=gflop, batch_size=16)
            yield Run("compute", "sevennet-0 shape", SEVENNET_0, seed, gflop=gflop, batch_size=4)


def compute_alloys_runs() -> Iterator[Run]:
    """Both shapes at the same budgets, where these lead nearer to the end of learning."""
    for seed in SEEDS:
        for gflop in ALLOYS_GFLOP:
            for name, model, batch_size in (
                ("facet-s", FACET_S, 8),
                ("sevennet-0 shape", SEVENNET_0, 4),
            ):
                run = Run("compute-alloys", name, model, seed, subset=ALLOYS, gflop=gflop)
                yield replace(run, batch_size=batch_size)


def parts_runs() -> Iterator[Run]:
    """Two radial parts x two mixings with the same norm, and all four without."""
    spline = replace(FACET_S, basis=SplineBasis(8))
    mlp = replace(spline, radial=MlpRadial((32, 32)))
    shapes = {
        "spline, grid": replace(spline, channels=(64, 24, 12)),
        "MLP, grid": replace(mlp, channels=(56, 20, 10)),
        "spline, gate": replace(spline, channels=(72, 32, 16), mixing=GateMixing()),
        "MLP, gate": replace(mlp, channels=(64, 26, 14), mixing=GateMixing()),
    }
    shapes |= {
        f"{name}, no norm": replace(shape, norm=NoNorm(), message_power=0.5)
        for name, shape in shapes.items()
    }
    for seed in SEEDS:
        for name, model in shapes.items():
            yield Run("parts", name, model, seed, PARTS_STEPS, subset=ALLOYS)


def sizes_runs() -> Iterator[Run]:
    """NequIP's composition at growing lmax and training set."""
    for seed in SEEDS:
        for lmax in range(4):
            model = replace(NEQUIP, channels=(16,) * (lmax + 1), num_layers=3)
            for size in SIZES:
                run = Run("sizes", f"lmax {lmax}", model, seed, SIZES_STEPS, subset=ALLOYS)
                yield replace(run, num_frames=size)


def levers_runs() -> Iterator[Run]:
    """One change at a time to the shape or the training of ``facet-s``."""
    finer = replace(FACET_S, mixing=SphereMixing(points=86, activation=ParabolaActivation()))
    shapes = {
        "lmax 1": replace(FACET_S, channels=(128, 32)),
        "lmax 3": replace(finer, channels=(128, 32, 16, 8)),
        "channels x 0.67": replace(FACET_S, channels=(86, 22, 10)),
        "channels x 1.5": replace(FACET_S, channels=(192, 48, 24)),
        "2 layers": replace(FACET_S, num_layers=2),
        "4 layers": replace(FACET_S, num_layers=4),
        "cutoff 6 Å": replace(FACET_S, cutoff=6.0),
    }
    for seed in SEEDS:
        plain = Run("levers", "facet-s", FACET_S, seed, LEVERS_STEPS, subset=ALLOYS)
        yield replace(plain, other_means=(0.0, 0.9))
        for name, model in shapes.items():
            yield replace(plain, name=name, model=model)
        half = LEVERS_STEPS // 2
        yield replace(plain, name="energies first", num_steps=half, energy_steps=ENERGY_STEPS)


EXPERIMENTS = {
    "compute": compute_runs,
    "compute-alloys": compute_alloys_runs,
    "parts": parts_runs,
    "sizes": sizes_runs,
    "levers": levers_runs,
}
