"""The neighbor list of a whole batch finds what the library finds one by one."""

import numpy as np
import pytest
import torch

from facet.errors import InvalidStructure
from facet.graph import torch_pairs as module
from facet.graph.neighbors import Crystal, build_batch, build_batch_there, find_pairs, join_crystals
from facet.graph.skin import join_lists, list_of, renewed
from facet.testing import LennardJones
from facet.testing.crystals import crystals_for

CUTOFF = 4.0
CRYSTALS = list(crystals_for(LennardJones()).values())


def listed(edge_index, shifts):
    rows = torch.cat((edge_index.T.double(), shifts.double()), dim=1)
    return sorted(map(tuple, rows.tolist()))


@pytest.mark.parametrize("portion", [2**22, 97], ids=["at once", "in portions"])
def test_all_pairs_of_a_batch_are_those_of_its_crystals(monkeypatch, portion):
    monkeypatch.setattr(module, "MAX_CANDIDATES", portion)
    if portion < 2**10:
        crystals = [each for each in CRYSTALS if len(each.species) <= 4]
    else:
        crystals = CRYSTALS
    expected = build_batch(crystals, CUTOFF)
    found = build_batch_there(crystals, CUTOFF, torch.float64, "cpu")
    assert listed(found.edge_index, found.edge_shifts) == listed(
        expected.edge_index, expected.edge_shifts
    )
    assert (found.edge_index[0].diff() >= 0).all()


def test_atoms_far_outside_their_cell_have_the_same_neighbors():
    inside = CRYSTALS[0]
    moved = inside.positions.copy()
    moved[-1] += 3 * inside.cell[0] - 2 * inside.cell[1]
    crystal = inside._replace(positions=moved)
    found = build_batch_there([crystal], CUTOFF, torch.float64, "cpu")
    expected = build_batch([crystal], CUTOFF)
    assert listed(found.edge_index, found.edge_shifts) == listed(
        expected.edge_index, expected.edge_shifts
    )


def test_a_flat_cell_is_refused_before_its_images_are_counted():
    flat = Crystal(np.array([29]), np.zeros((1, 3)), np.diag([3.0, 3.0, 1e-9]))
    with pytest.raises(InvalidStructure, match="cell volume"):
        build_batch_there([flat], CUTOFF, torch.float64, "cpu")


def test_renewed_lists_are_those_of_the_present_geometry():
    crystals = [each for each in CRYSTALS if len(each.species) > 1][:3]
    before = join_lists(
        [list_of(each, find_pairs(each, CUTOFF), torch.device("cpu")) for each in crystals]
    )
    rng = np.random.default_rng(0)
    shaken = [
        each._replace(positions=each.positions + rng.normal(0, 0.3, each.positions.shape))
        for each in crystals
    ]
    after = [crystals[0], *shaken[1:]]
    now = join_crystals(after, [find_pairs(each, CUTOFF) for each in after])
    found = renewed(
        before,
        torch.tensor([False, True, True]),
        now.positions,
        now.cells,
        now.structure_index,
        CUTOFF,
    )
    assert listed(found.edge_index, found.edge_shifts) == listed(now.edge_index, now.edge_shifts)
    assert torch.equal(found.positions, now.positions)
    assert torch.equal(found.edge_structure, now.structure_index[found.edge_index[0]])
