"""Facet's potentials in torch-sim, an engine for molecular dynamics and relaxation of batches.

Written for torch-sim 0.6 (``torch-sim-atomistic>=0.6,<0.7``), which needs Python 3.12 or later:
``pip install "facet[torch-sim]"``. A relaxation of atoms and cells by torch-sim's optimizer::

    import torch
    import torch_sim

    from facet import load
    from facet.interop.torch_sim import FacetModel

    model = FacetModel(load("facet-s"), dtype=torch.float64)
    final = torch_sim.optimize(
        system=structures,  # pymatgen structures, ASE atoms, or a SimState
        model=model,
        optimizer=torch_sim.Optimizer.fire,
        convergence_fn=torch_sim.generate_force_convergence_fn(0.05, include_cell_forces=True),
        init_kwargs={"cell_filter": torch_sim.CellFilter.frechet},
    )
    final.energy, final.to_structures()

torch-sim 0.6 takes the determinant of a cell for its volume. Hand its cell filters right-handed
cells only: in a left-handed one they push the cell the wrong way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facet.interop.neighbor_memory import NeighborMemory, Systems

try:
    from torch_sim.models.interface import ModelInterface
except ImportError as error:
    raise ImportError(
        "facet.interop.torch_sim needs torch-sim, which is not installed here; with Python 3.12 or "
        'later, run `pip install "facet[torch-sim]"`.'
    ) from error

if TYPE_CHECKING:
    from torch import Tensor
    from torch_sim.state import SimState

    from facet.potential import Potential


class FacetModel(ModelInterface):  # type: ignore[misc]  # torch-sim is optional
    """A potential as a model of torch-sim.

    Energies are in eV, forces in eV/angstrom, stress in eV/angstrom^3 with torch-sim's sign, which
    is ours; all are detached. It runs where the potential was loaded: load that on another device
    instead of moving the model. Molecules and slabs are taken as well as crystals; the stress of a
    system whose cell has no volume is zero.

    Args:
        potential: Any potential.
        dtype: Precision of torch-sim's states and of what is returned; None takes the potential's.
            Double precision around a potential in single precision is what Facet's own relaxation
            uses.
        compute_forces: Whether forces are among the results.
        compute_stress: Whether the stress is among the results.
    """

    def __init__(
        self,
        potential: Potential,
        *,
        dtype: torch.dtype | None = None,
        compute_forces: bool = True,
        compute_stress: bool = True,
    ) -> None:
        super().__init__()
        self.potential = potential
        self._device = potential.device
        self._dtype = dtype or potential.dtype
        self._compute_forces = compute_forces
        self._compute_stress = compute_stress
        self._memory_scales_with = "n_atoms_x_density"  # as the number of edges does
        self._neighbors = NeighborMemory(potential.cutoff)

    @property
    def compute_forces(self) -> bool:
        """Whether forces are among the results; they cost nothing beside the stress."""
        return self._compute_forces

    @compute_forces.setter
    def compute_forces(self, value: bool) -> None:
        self._compute_forces = value

    @property
    def compute_stress(self) -> bool:
        """Whether the stress is among the results; it costs nothing beside the forces."""
        return self._compute_stress

    @compute_stress.setter
    def compute_stress(self, value: bool) -> None:
        self._compute_stress = value

    def forward(self, state: SimState, **_: object) -> dict[str, Tensor]:
        """Evaluate a state.

        Returns:
            ``energy`` of shape (systems,), ``forces`` (atoms, 3) and ``stress`` (systems, 3, 3).

        Raises:
            UnsupportedElement: The state holds an element that the potential does not know.
            InvalidStructure: A system has no volume, or a number that is not finite.
        """
        systems = systems_of(state, self._device)
        prediction = self.potential(self._neighbors.batch(systems, self.potential.dtype))
        results = {"energy": prediction.energy}
        if self._compute_forces:
            results["forces"] = prediction.forces
        if self._compute_stress:
            results["stress"] = prediction.stress * systems.has_volume[:, None, None]
        return {name: value.detach().to(self._dtype) for name, value in results.items()}


def systems_of(state: SimState, device: torch.device) -> Systems:
    """Read a state of torch-sim, whose cell vectors are columns where ours are rows."""
    return Systems(
        positions=state.positions.detach().to(device, torch.float64),
        species=state.atomic_numbers.to(device, torch.int64),
        cells=state.row_vector_cell.detach().to(device, torch.float64),
        structure_index=state.system_idx.to(device, torch.int64),
        is_periodic=state.pbc.to(device),
    )
