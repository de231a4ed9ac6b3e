"""Springs between neighbors: how stiff a crystal is, guessed from its geometry alone.

The energy of a small change is ``1/2 sum k (d . K d)`` over pairs, d the change of the vector from
one atom to the other by displacements and strain together, ``K = (1 - t) n n^T + t`` with n the
direction of the pair and t the share of a change across it, and ``k = A exp(-a (r / R - 1))`` with
R the sum of the covalent radii (compare Packwood et al., J. Chem. Phys. 144, 164109 (2016)). A bulk
modulus is added for what no pair sees, and something on every diagonal. The form follows every
rotation and exchange of atoms, so that steps keep the symmetry of a crystal.

The constants minimize the spread of ``log`` of the eigenvalues of the true second derivatives
relative to these; see ``docs/decisions/0014-optimizer.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facet.relaxation.constraints import CELL_MODES
from facet.relaxation.optimizers.packs import NUM_CELL, six_of, symmetric_basis
from facet.relaxation.optimizers.radii import covalent_radii

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from facet.relaxation.constraints import Constraints
    from facet.relaxation.optimizers.optimizer import Here
    from facet.relaxation.optimizers.packs import Pack

STIFFNESS = 1.99
"""Of a spring as long as the sum of the covalent radii, in eV/A^2."""

DECAY = 8.68
"""How fast springs soften as they become longer."""

ACROSS = 0.0745
"""Share of the stiffness of a spring for changes across it."""

ON_SITE = 0.316
"""Stiffness of each atom against the lattice as a whole, in eV/A^2."""

BULK = 0.0639
"""Bulk modulus beside that of the springs, in eV/A^3."""

SHEAR = 0.0178
"""Stiffness of any strain beside that of the springs, in eV/A^3."""

LONGEST = 1.7
"""Springs that are longer, over the sum of the covalent radii, are left out."""

MAX_DENSE_ATOMS = 192
"""Beyond it only an atom's own stiffness is kept, without that between atoms."""

HELD = 1e6
"""Stiffness in eV/A^2 of what may not move."""


class Springs:
    """Guesses second derivatives by the model of springs."""

    def at(self, here: Here) -> Bonds:
        """Find the springs of the present geometry."""
        pairs, positions = here.neighbors, here.geometry.positions
        center, neighbor = pairs.edge_index
        cells = here.geometry.cells.index_select(0, pairs.edge_structure)
        vectors = positions.index_select(0, neighbor) - positions.index_select(0, center)
        vectors += (pairs.edge_shifts[:, :, None] * cells).sum(dim=1)
        distances = torch.linalg.vector_norm(vectors, dim=1)
        radii = covalent_radii(distances.device).index_select(0, here.species)
        relative = distances / (radii.index_select(0, center) + radii.index_select(0, neighbor))
        kept = (relative < LONGEST).nonzero().squeeze(1)
        first = torch.cumsum(here.num_atoms, 0) - here.num_atoms
        crystal = pairs.edge_structure[kept]
        return _bonds(
            here,
            crystal,
            torch.stack((center[kept], neighbor[kept])) - first[crystal],
            vectors[kept],
            STIFFNESS * torch.exp(-DECAY * (relative[kept] - 1)),
        )


@dataclass(frozen=True)
class Bonds:
    """Springs, each from either side, and what they have of the second derivatives.

    Attributes:
        looked: Where the crystals are.
        crystal: Crystal of each spring.
        ends: Places of both atoms in their crystal, shape (2, bonds).
        atoms: By the displacement of an atom, shape (bonds, 3, 3).
        mixed: By displacement and strain, shape (bonds, 3, 6).
        cells: By the strain of each crystal, shape (structures, 6, 6).
    """

    looked: Here
    crystal: Int[Tensor, " bonds"]
    ends: Int[Tensor, "2 bonds"]
    atoms: Float[Tensor, "bonds 3 3"]
    mixed: Float[Tensor, "bonds 3 6"]
    cells: Float[Tensor, "structures 6 6"]

    def solve(
        self, pack: Pack, right: Float[Tensor, "rows vectors length"]
    ) -> Float[Tensor, "rows vectors length"]:
        """Displacements that make these forces, for the crystals of a pack."""
        if pack.width > MAX_DENSE_ATOMS:
            return self._solve_apart(pack, right)
        factor, _ = torch.linalg.cholesky_ex(self.dense(pack))
        return torch.cholesky_solve(right.mT, factor).mT

    def dense(self, pack: Pack) -> Float[Tensor, "rows length length"]:
        """Write out the whole matrix; the unused places of a row have ones on the diagonal."""
        length, start = pack.length, 3 * pack.width
        own, row, ends = self._of(pack)
        atoms, mixed = self.atoms.index_select(0, own), self.mixed.index_select(0, own)
        axes = torch.arange(3, device=row.device)
        here, there = 3 * ends[0, :, None] + axes, 3 * ends[1, :, None] + axes
        strain = torch.arange(start, length, device=row.device).expand(len(row), -1)
        whole = atoms.new_zeros(len(pack.crystals) * length * length)
        for lines, columns, values in (
            (here, here, atoms),
            (here, there, -atoms),
            (here, strain, -mixed),
            (strain, here, -mixed.mT),
        ):
            places = (row[:, None] * length + lines)[:, :, None] * length + columns[:, None]
            whole.index_add_(0, places.flatten(), values.flatten())
        whole = whole.view(-1, length, length)
        whole[:, start:, start:] += self.cells[pack.crystals]
        whole += torch.diag_embed(_unused(pack, whole))
        sites = 3 * pack.column[:, None, None] + axes[:, None]
        own_block = (pack.row[:, None, None], sites, sites.mT)
        return whole.index_put_(own_block, _on_site(self.looked, pack), accumulate=True)

    def _solve_apart(
        self, pack: Pack, right: Float[Tensor, "rows vectors length"]
    ) -> Float[Tensor, "rows vectors length"]:
        """Solve for each atom and for the cell on its own."""
        rows, count, start = len(right), right.shape[1], 3 * pack.width
        own, row, ends = self._of(pack)
        blocks = right.new_zeros((rows * pack.width, 3, 3))
        blocks.index_add_(0, row * pack.width + ends[0], self.atoms[own])
        blocks.index_add_(0, pack.row * pack.width + pack.column, _on_site(self.looked, pack))
        blocks += torch.diag_embed(_unused(pack, right)[:, :start].reshape(-1, 3))
        forces = right[:, :, :start].reshape(rows, count, pack.width, 3)
        forces = forces.permute(0, 2, 3, 1).reshape(-1, 3, count)
        moved = torch.linalg.solve(blocks, forces).reshape(rows, start, count)
        strained = torch.linalg.solve(self.cells[pack.crystals], right[:, :, start:].mT)
        return torch.cat([moved, strained], dim=1).mT

    def _of(
        self, pack: Pack
    ) -> tuple[Int[Tensor, " chosen"], Int[Tensor, " chosen"], Int[Tensor, "2 chosen"]]:
        """Springs of a pack, the row of each, and the places of its ends."""
        row_of = torch.full_like(self.looked.num_atoms, -1)
        row_of[pack.crystals] = torch.arange(len(pack.crystals), device=row_of.device)
        row = row_of[self.crystal]
        own = (row >= 0).nonzero().squeeze(1)
        return own, row[own], self.ends[:, own]


def _bonds(
    here: Here,
    crystal: Int[Tensor, " bonds"],
    ends: Int[Tensor, "2 bonds"],
    vectors: Float[Tensor, "bonds 3"],
    stiffness: Float[Tensor, " bonds"],
) -> Bonds:
    """Write the energy of each spring in changes of x and N U."""
    along = vectors / torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    turn = here.geometry.deformation.index_select(0, crystal)
    along_x = (along[:, :, None] * turn).sum(dim=1)  # what of a change of x stretches the spring
    basis = symmetric_basis(vectors)
    strained = (vectors @ basis.permute(1, 0, 2).flatten(1)).unflatten(1, (NUM_CELL, 3))
    strained = strained / here.num_atoms[crystal, None, None]  # change of the vector by each strain
    along_u = (strained * along[:, None]).sum(dim=2)
    stretch = (stiffness * (1 - ACROSS))[:, None, None]
    bend = (stiffness * ACROSS)[:, None, None]
    unit = torch.eye(3, dtype=vectors.dtype, device=vectors.device)
    by_strain = stretch * along_u[:, :, None] * along_u[:, None] + bend * strained @ strained.mT
    springs = here.geometry.cells.new_zeros((len(here.num_atoms), NUM_CELL, NUM_CELL))
    return Bonds(
        here,
        crystal,
        ends,
        atoms=stretch * along_x[:, :, None] * along_x[:, None] + bend * unit,
        mixed=stretch * along_x[:, :, None] * along_u[:, None] + bend * strained.mT,
        cells=springs.index_add_(0, crystal, 0.5 * by_strain) + _of_cells(here),
    )


def _of_cells(here: Here) -> Float[Tensor, "structures 6 6"]:
    """Second derivatives by N U beside those of springs, what is held of the cell stiff."""
    volumes = here.geometry.volumes
    unit = torch.eye(NUM_CELL, dtype=volumes.dtype, device=volumes.device)
    volume_change = six_of(torch.eye(3, dtype=volumes.dtype, device=volumes.device))
    moduli = BULK * volume_change[:, None] * volume_change + SHEAR * unit
    free = six_of(CELL_MODES[here.cell_mode](symmetric_basis(volumes)))
    return (volumes / here.num_atoms**2)[:, None, None] * moduli + HELD * (unit - free)


def _on_site(here: Here, pack: Pack) -> Float[Tensor, "packed 3 3"]:
    """Stiffness of every atom of the pack beside its springs, and of what is held of it."""
    unit = torch.eye(3, dtype=torch.float64, device=pack.atoms.device)
    if not here.constraints.is_bound.any():
        return ON_SITE * unit.expand(len(pack.atoms), 3, 3)
    free = _site_freedom(here.constraints).index_select(0, pack.atoms)
    return ON_SITE * unit + HELD * (unit - free)


def _unused(pack: Pack, like: Tensor) -> Float[Tensor, "rows length"]:
    """One where a row has no coordinate."""
    unused = like.new_ones((len(pack.crystals), pack.length))
    unused[:, 3 * pack.width :] = 0
    axes = torch.arange(3, device=like.device)
    unused[pack.row[:, None], 3 * pack.column[:, None] + axes] = 0
    return unused


def _site_freedom(constraints: Constraints) -> Float[Tensor, "atoms 3 3"]:
    """Projectors onto where each atom may go."""
    own = torch.arange(len(constraints.to_orbit), device=constraints.to_orbit.device)
    orbit = own + constraints.to_orbit
    sizes = torch.bincount(orbit, minlength=len(own))[orbit]
    free: Tensor = constraints.freedom @ constraints.freedom.mT
    return free * sizes[:, None, None]
