"""Before a potential is trusted: does its fast path say what the plain network says?

Compiled and fused kernels, single precision and the reduced precision of some devices all change
the numbers. They are compared on the golden batch with the plain network in double precision on
the CPU, and that with what the checkpoint has on record, so that another version of torch, e3nn or
Facet cannot change a potential unnoticed either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from facet.errors import SelfCheckError
from facet.facet_potential import FacetPotential, plain_network
from facet.golden import GoldenBatch, answer_on, golden_crystals
from facet.units import gpa_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from facet.config import ModelConfig
    from facet.potential import Potential, Prediction

MAX_ENERGY_DIFFERENCE = 0.1
"""In meV/atom."""
MAX_FORCE_DIFFERENCE = 1.0
"""In meV/angstrom, of any component."""
MAX_STRESS_DIFFERENCE = 0.01
"""In GPa, of any component."""


@dataclass(frozen=True)
class SelfCheck:
    """How far a path is from the plain network in double precision.

    Attributes:
        path: What was checked, such as ``eager float32 on cpu``.
        energy_difference: Largest difference of an energy, in meV/atom.
        force_difference: Largest difference of a force component, in meV/angstrom.
        stress_difference: Largest difference of a stress component, in GPa.
        seconds: What the check took.
    """

    path: str
    energy_difference: float
    force_difference: float
    stress_difference: float
    seconds: float = 0.0

    @property
    def is_passed(self) -> bool:
        """Whether all differences are within their limits, and numbers."""
        return (
            self.energy_difference <= MAX_ENERGY_DIFFERENCE
            and self.force_difference <= MAX_FORCE_DIFFERENCE
            and self.stress_difference <= MAX_STRESS_DIFFERENCE
        )

    def __str__(self) -> str:
        """Path and differences in words."""
        return (
            f"{self.path} differs by {self.energy_difference:.2g} meV/atom, "
            f"{self.force_difference:.2g} meV/A and {self.stress_difference:.2g} GPa"
        )


def self_check(potential: FacetPotential) -> SelfCheck:
    """Compare a loaded potential with the plain network in double precision, and that with record.

    Raises:
        SelfCheckError: A difference is above 0.1 meV/atom, 1 meV/A or 0.01 GPa.
    """
    started = perf_counter()
    golden = potential.golden or GoldenBatch(golden_crystals(potential.species))
    plain = plain_potential(potential.network.config, potential.network.state_dict())
    expected = answer_on(plain, golden.crystals)
    if golden.record is not None:
        recorded = compared(plain, expected, golden.record, golden)
        if not recorded.is_passed:
            raise SelfCheckError(
                f"The plain network is not what it was when the checkpoint was written: {recorded} "
                f"(allowed {_limits()}); use the versions of Facet, torch and e3nn that wrote it."
            )
    return _checked(potential, expected, golden, started)


def plain_potential(config: ModelConfig, weights: Mapping[str, Tensor]) -> FacetPotential:
    """Build the network as it is defined: in double precision on the CPU, not compiled or fused.

    Args:
        config: Its shape.
        weights: Its state dict.
    """
    return FacetPotential(plain_network(config, weights), "", {})


def compared(
    potential: Potential, found: Prediction, expected: Prediction, golden: GoldenBatch
) -> SelfCheck:
    """Measure the differences between two answers for the golden batch."""
    sizes = torch.tensor([len(each.species) for each in golden.crystals])
    energy, forces, stress = (
        (getattr(found, name) - getattr(expected, name)).abs()
        for name in ("energy", "forces", "stress")
    )
    return SelfCheck(
        path=path_of(potential),
        energy_difference=1e3 * float((energy / sizes).max()),
        force_difference=1e3 * float(forces.max()),
        stress_difference=gpa_from_ev_per_cubic_angstrom(float(stress.max())),
    )


def path_of(potential: Potential) -> str:
    """Name the way in which a potential is computed."""
    kind = getattr(potential, "path", type(potential).__name__)
    return f"{kind} {str(potential.dtype).removeprefix('torch.')} on {potential.device}"


def golden_with_record(config: ModelConfig, weights: Mapping[str, Tensor]) -> GoldenBatch:
    """Make the golden batch that a checkpoint carries."""
    crystals = golden_crystals(frozenset(config.species))
    return GoldenBatch(crystals, answer_on(plain_potential(config, weights), crystals))


def _checked(
    potential: Potential, expected: Prediction, golden: GoldenBatch, started: float
) -> SelfCheck:
    """Compare a potential's answer with the expected one and stop the clock."""
    found = answer_on(potential, golden.crystals)
    result = compared(potential, found, expected, golden)
    if not result.is_passed:
        raise SelfCheckError(
            f"The path {result} from the plain network in double precision (allowed {_limits()}); "
            "load the potential with dtype=torch.float64, or on another device."
        )
    return replace(result, seconds=perf_counter() - started)


def _limits() -> str:
    return (
        f"{MAX_ENERGY_DIFFERENCE:g} meV/atom, {MAX_FORCE_DIFFERENCE:g} meV/A, "
        f"{MAX_STRESS_DIFFERENCE:g} GPa"
    )
