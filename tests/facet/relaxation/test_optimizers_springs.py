"""Springs know how stiff a crystal is from its geometry alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from optimizer_samples import Walk
from relax_samples import COPPER, crystal, lennard_jones
from scipy.spatial.transform import Rotation

from facet.graph.neighbors import Crystal
from facet.relaxation.optimizers import springs
from facet.relaxation.optimizers.packs import matrices_of, packs_of, six_of
from facet.relaxation.optimizers.radii import covalent_radii
from facet.relaxation.optimizers.springs import Springs
from facet.relaxation.settings import RelaxSettings


def look(starts, **settings):
    return Walk(starts, lennard_jones(), RelaxSettings(**settings)).look()


def all_vectors(here):
    center, neighbor = here.neighbors.edge_index
    positions, cells = here.geometry.positions, here.geometry.cells
    return positions[neighbor] - positions[center] + here.neighbors.edge_shifts @ cells[0]


def only_pack(here):
    (pack,) = packs_of(here.num_atoms, here.structure_index)
    return pack


def solved(here):
    """Displacements that would make the present forces, in the order of the batch."""
    atoms, cells = torch.zeros_like(here.push.atoms), torch.zeros_like(here.push.cells)
    for pack in packs_of(here.num_atoms, here.structure_index):
        right = pack.pack(here.push.atoms[:, None], here.push.cells[:, None])
        way = Springs().at(here).solve(pack, right)[:, 0]
        atoms[pack.atoms] = pack.unpack_atoms(way)
        cells[pack.crystals] = matrices_of(way[:, 3 * pack.width :])
    return atoms, cells


def test_the_six_components_keep_scalar_products():
    one, other = torch.randn(2, 5, 3, 3, dtype=torch.float64)
    one, other = one + one.mT, other + other.mT
    torch.testing.assert_close(
        (six_of(one) * six_of(other)).sum(dim=1), (one * other).sum(dim=(1, 2))
    )
    torch.testing.assert_close(matrices_of(six_of(one)), one)


def test_the_model_is_symmetric_and_stiff_everywhere():
    here = look([crystal(seed) for seed in range(3)])
    pack = only_pack(here)
    whole = Springs().at(here).dense(pack)
    torch.testing.assert_close(whole, whole.mT)
    assert torch.linalg.eigvalsh(whole).min() > 0


def test_crystals_of_all_sizes_are_solved_as_if_they_were_alone():
    starts = [crystal(seed, repeats=repeats) for seed, repeats in enumerate((1, 7, 2, 4))]
    together = solved(look(starts))
    alone = [solved(look([each])) for each in starts]
    torch.testing.assert_close(together[0], torch.cat([each[0] for each in alone]))
    torch.testing.assert_close(together[1], torch.cat([each[1] for each in alone]))


def test_steps_turn_with_the_crystal():
    start = crystal(3)
    turn = Rotation.from_rotvec([0.3, -0.8, 0.5]).as_matrix()
    turned = start._replace(positions=start.positions @ turn.T, cell=start.cell @ turn.T)
    atoms, cells = solved(look([start]))
    other_atoms, other_cells = solved(look([turned]))
    matrix = torch.tensor(turn)
    torch.testing.assert_close(other_atoms, atoms @ matrix.T, rtol=0, atol=1e-9)
    torch.testing.assert_close(other_cells, matrix @ cells @ matrix.T, rtol=0, atol=1e-9)


def test_displacements_by_strain_are_those_by_vectors():
    """A strain of N U by the model costs what moving every image by hand costs."""
    here = look([crystal(2)])
    pack = only_pack(here)
    whole = Springs().at(here).dense(pack)[0]
    strain = torch.tensor([0.3, -0.1, 0.2, 0.4, 0.0, -0.2], dtype=torch.float64)
    vectors = all_vectors(here)
    lengths = torch.linalg.vector_norm(vectors, dim=1)
    radius = covalent_radii(torch.device("cpu"))[COPPER]
    kept = lengths < springs.LONGEST * 2 * radius
    vectors, lengths = vectors[kept], lengths[kept]
    stiffness = springs.STIFFNESS * torch.exp(-springs.DECAY * (lengths / (2 * radius) - 1))
    change = vectors @ matrices_of(strain) / here.num_atoms
    along = (change * vectors).sum(dim=1) / lengths
    share = springs.ACROSS
    energy = ((1 - share) * along**2 + share * change.square().sum(dim=1)) * stiffness
    volume = here.geometry.volumes / here.num_atoms**2
    moduli = springs.BULK * strain[:3].sum() ** 2 + springs.SHEAR * strain.square().sum()
    expected = 0.5 * energy.sum() + (volume * moduli).squeeze()
    torch.testing.assert_close(strain @ whole[-6:, -6:] @ strain, expected)


def test_large_crystals_are_solved_atom_by_atom_with_the_same_cell(monkeypatch):
    here = look([crystal(1)])
    _, cells = solved(here)
    monkeypatch.setattr(springs, "MAX_DENSE_ATOMS", 2)
    atoms, own_cells = solved(here)
    assert torch.isfinite(atoms).all()
    assert (atoms * here.push.atoms).sum() > 0
    ratio = own_cells.norm() / cells.norm()
    assert 0.2 < ratio < 5


@pytest.mark.parametrize("cell", ["fixed", "fixed-volume", "fixed-shape"])
def test_what_is_held_of_the_cell_does_not_yield(cell):
    here = look([crystal(1), crystal(2)])
    _, cells = solved(replace(here, cell_mode=cell))
    size = cells.abs().max()
    if cell == "fixed":
        assert size < 1e-5
    elif cell == "fixed-volume":
        assert cells.diagonal(dim1=1, dim2=2).sum(dim=1).abs().max() < 1e-4 * size
    else:
        mean = cells.diagonal(dim1=1, dim2=2).mean(dim=1)
        assert (cells - mean[:, None, None] * torch.eye(3)).abs().max() < 1e-4 * size


def test_held_atoms_do_not_yield():
    is_held = np.zeros((4, 3), dtype=bool)
    is_held[1] = True
    start = crystal(1)
    atoms, _ = solved(look([Crystal(start.species, start.positions, start.cell, is_held)]))
    assert atoms[1].abs().max() < 1e-5
    assert atoms[[0, 2, 3]].abs().max() > 1e-3


def test_every_element_has_a_radius_of_an_atom():
    radii = covalent_radii(torch.device("cpu"))[1:]
    assert len(radii) == 118
    assert 0.2 < radii.min() < radii.max() < 3
