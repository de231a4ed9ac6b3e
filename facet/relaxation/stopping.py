"""When a crystal leaves the batch, and the sentence that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from facet.relaxation.constraints import free_forces, free_stress
from facet.relaxation.result import Stop, StopReason
from facet.relaxation.rows import max_per_crystal, sum_per_crystal
from facet.units import EV_PER_CUBIC_ANGSTROM_IN_GPA, ev_per_cubic_angstrom_from_gpa

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from torch import Tensor

    from facet.graph.skin import Edges
    from facet.relaxation.evaluate import Evaluation
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.state import OptimizerState


class Measures(NamedTuple):
    """The numbers that convergence and divergence are judged by, one for each crystal.

    Attributes:
        fmax: Largest norm of a force on what may move, in eV/angstrom.
        smax: Largest absolute component of stress + pressure that the cell can follow, in GPa.
        energy_per_atom: In eV.
        checksum: Finite if and only if everything that was predicted is.
        num_steps: Steps taken so far.
    """

    fmax: Float[Tensor, " structures"]
    smax: Float[Tensor, " structures"]
    energy_per_atom: Float[Tensor, " structures"]
    checksum: Float[Tensor, " structures"]
    num_steps: Float[Tensor, " structures"]

    def on_host(self) -> np.ndarray:
        """Bring all numbers to the host in one transfer, one row for each field."""
        rows: np.ndarray = torch.stack(list(self)).cpu().numpy()
        return rows


def measure(state: OptimizerState, evaluation: Evaluation, settings: RelaxSettings) -> Measures:
    """Measure what was predicted at the present geometry."""
    count, index = state.num_structures, state.structure_index
    stress = evaluation.stress
    excess = stress + ev_per_cubic_angstrom_from_gpa(settings.pressure) * torch.eye(
        3, dtype=stress.dtype, device=stress.device
    )
    excess = free_stress(excess, state.constraints, settings.cell)
    forces = free_forces(evaluation.forces, state.geometry, state.constraints, index)
    norms = torch.linalg.vector_norm(forces, dim=1)
    steepest = torch.linalg.vector_norm(evaluation.forces, dim=1)
    total = sum_per_crystal(steepest, index, count)
    return Measures(
        fmax=max_per_crystal(norms, index, count),
        smax=excess.abs().amax(dim=(1, 2)) * EV_PER_CUBIC_ANGSTROM_IN_GPA,
        energy_per_atom=evaluation.energy / state.ledger.num_atoms,
        checksum=total + stress.sum(dim=(1, 2)) + evaluation.energy,
        num_steps=state.ledger.num_steps.to(norms.dtype),
    )


def converged_or_tired(measures: np.ndarray, settings: RelaxSettings) -> dict[int, Stop]:
    """Find the crystals that are at rest, or have taken all their steps.

    Args:
        measures: Rows of ``Measures``.
        settings: Their limits.
    """
    fmax, smax, _, _, num_steps = measures
    is_still = (fmax <= settings.fmax) & (smax <= settings.smax)
    ends = {}
    for index in (is_still | (num_steps >= settings.max_steps)).nonzero()[0].tolist():
        steps, force, stress = _steps(num_steps[index]), fmax[index], smax[index]
        if is_still[index]:
            ends[index] = Stop(
                StopReason.CONVERGED,
                f"Converged after {steps}: largest force {force:.2g} eV/A, stress {stress:.2g} GPa "
                "from its target.",
            )
        else:
            ends[index] = Stop(
                StopReason.MAX_STEPS,
                f"Not converged after {steps}: largest force {force:.2g} eV/A, stress "
                f"{stress:.2g} GPa from its target; allow more steps.",
            )
    return ends


def prediction_faults(measures: np.ndarray, settings: RelaxSettings) -> dict[int, Stop]:
    """Find the crystals of which the potential says something impossible."""
    fmax, _, energy, checksum, num_steps = measures
    is_sound = (
        (fmax <= settings.max_force)
        & (abs(energy) <= settings.max_energy_per_atom)
        & (abs(checksum) < float("inf"))
    )
    faults = {}
    for index in (~is_sound).nonzero()[0].tolist():
        if not abs(checksum[index]) < float("inf"):
            fault = "the energy, a force or the stress is not a finite number"
        elif fmax[index] > settings.max_force:
            fault = f"a force of {fmax[index]:.3g} eV/A is beyond {settings.max_force:g} eV/A"
        else:
            fault = (
                f"an energy of {energy[index]:.3g} eV per atom is beyond "
                f"{settings.max_energy_per_atom:g} eV"
            )
        faults[index] = Stop(
            StopReason.DIVERGED, f"Given up after {_steps(num_steps[index])}: {fault}."
        )
    return faults


def volume_faults(state: OptimizerState, settings: RelaxSettings) -> dict[int, Stop]:
    """Find the crystals whose cell collapsed, exploded, or holds numbers that are not finite."""
    ratios = torch.linalg.det(state.geometry.cells).abs() / state.ledger.initial_volume
    away = sum_per_crystal(
        state.geometry.positions.sum(dim=1), state.structure_index, state.num_structures
    )
    is_sound = (
        (ratios >= settings.min_volume_ratio)
        & (ratios <= settings.max_volume_ratio)
        & away.isfinite()
    )
    faults = {}
    for index in (~is_sound).nonzero().flatten().tolist():
        fault = f"the cell has {ratios[index]:.3g} times its first volume"
        if not (ratios + away)[index].isfinite():
            fault = "a position or cell vector is not a finite number"
        faults[index] = broken_geometry(state, index, fault)
    return faults


def distance_faults(
    state: OptimizerState, edges: Edges, settings: RelaxSettings
) -> dict[int, Stop]:
    """Find the crystals in which two atoms have come too close."""
    close = (edges.distances < settings.min_distance).nonzero().squeeze(1)
    distances = edges.distances[close].tolist()
    shortest: dict[int, float] = {}
    for index, distance in zip(edges.edge_structure[close].tolist(), distances, strict=True):
        shortest[index] = min(distance, shortest.get(index, distance))
    return {
        index: broken_geometry(
            state,
            index,
            f"two atoms are {distance:.2g} A apart, closer than {settings.min_distance:g} A",
        )
        for index, distance in shortest.items()
    }


def broken_geometry(state: OptimizerState, index: int, fault: str) -> Stop:
    """Say that a geometry has no meaning: diverged, or unsupported if it came in like this."""
    num_steps = int(state.ledger.num_steps[index])
    if num_steps == 0:
        return Stop(StopReason.UNSUPPORTED, f"In the input {fault}; mend the structure.")
    return Stop(StopReason.DIVERGED, f"Given up after {_steps(num_steps)}: {fault}.")


def _steps(count: float) -> str:
    return f"{count:.0f} step{'' if count == 1 else 's'}"
