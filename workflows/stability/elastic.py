"""Elastic tensors with ions at rest, of many crystals at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from workflows.stability.rest import Fault, said
from workflows.stability.stiffness import (
    SIGNED_STRAINS,
    stiffness_of,
    strained,
    voigt_form,
    voigt_reuss_hill,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facet.graph.neighbors import Crystal
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.stability.stiffness import Moduli

Strain = tuple[int, int]


class Elasticity(NamedTuple):
    """How a crystal withstands small strains.

    Attributes:
        eigenvalues: Of the stiffness in an orthonormal basis, in GPa, lowest first, shape (6,).
        stiffness: In the form of tables, in GPa, shape (6, 6).
        moduli: Averaged over all directions; None where some strain costs no energy.
        seconds: Time spent on it.
    """

    eigenvalues: np.ndarray
    stiffness: np.ndarray
    moduli: Moduli | None
    seconds: float


@dataclass
class _Stresses:
    """What the strained cells of one crystal said so far."""

    found: dict[Strain, np.ndarray] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, strain: Strain, result: RelaxResult) -> None:
        self.seconds += result.wall_share
        self.found[strain] = result.stress
        if result.stop_reason is not StopReason.CONVERGED:
            self.faults.append(said(result))

    def outcome(self, size: float) -> Elasticity | Fault:
        if self.faults:
            count = f"{len(self.faults)} of its {len(SIGNED_STRAINS)} strained cells"
            return Fault(f"{count} did not come to rest: {self.faults[0]}", self.seconds)
        stiffness = stiffness_of(self.found, size)
        if not np.isfinite(stiffness).all():
            return Fault("The stress of a strained cell is not a number.", self.seconds)
        return Elasticity(
            eigenvalues=np.linalg.eigvalsh(stiffness),
            stiffness=voigt_form(stiffness),
            moduli=voigt_reuss_hill(stiffness),
            seconds=self.seconds,
        )


def elasticities(
    potential: Potential,
    crystals: Iterable[tuple[str, Crystal]],
    settings: RelaxSettings,
    size: float,
) -> Iterator[tuple[str, Elasticity | Fault]]:
    """Measure elastic tensors, and yield each with its crystal's name when it is known.

    Args:
        potential: Gives energies, forces and stresses.
        crystals: At rest, with unique names.
        settings: How the atoms of a strained cell come to rest.
        size: Of the strains.
    """
    flying: dict[str, _Stresses] = {}

    def cells() -> Iterator[tuple[str, Crystal]]:
        for name, crystal in crystals:
            flying[name] = _Stresses()
            for (column, sign), cell in strained(crystal, size):
                yield f"{column} {sign} {name}", cell

    for result in relax(cells(), potential, settings):
        column, sign, name = result.name.split(" ", 2)
        flying[name].take((int(column), int(sign)), result)
        if len(flying[name].found) == len(SIGNED_STRAINS):
            yield name, flying.pop(name).outcome(size)
