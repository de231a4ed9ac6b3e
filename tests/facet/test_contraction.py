"""The contraction of neighbor sums is what its formula says, to any derivative."""

import pytest
import torch

from facet.nn.contraction import blocks_of, contract, spread_weights
from facet.nn.paths import list_paths

CHANNELS = (3, 2, 1)
NUM_BASIS = 2


@pytest.fixture(params=[True, False], ids=["natural parity", "all paths"])
def paths(request):
    return list_paths(2, 2, 2, natural_parity=request.param)


def random_input(paths, atoms=2):
    torch.manual_seed(0)
    columns = sum((2 * degree + 1) * count for degree, count in enumerate(CHANNELS))
    sums = torch.randn(atoms, NUM_BASIS, 9, columns, dtype=torch.float64, requires_grad=True)
    radial = [
        torch.randn(NUM_BASIS, CHANNELS[each.feature], dtype=torch.float64, requires_grad=True)
        for each in paths
    ]
    return sums, radial


def contracted(paths, sums, radial):
    blocks, weight_of = blocks_of(paths, CHANNELS, lmax=2)
    return contract(sums, spread_weights(radial, blocks, weight_of), blocks)


def test_every_path_is_weighted_and_summed_over_the_basis(paths):
    sums, radial = random_input(paths)
    for path, weight, found in zip(paths, radial, contracted(paths, sums, radial), strict=True):
        start = sum((2 * a + 1) * CHANNELS[a] for a in range(path.feature))
        width, channels = 2 * path.feature + 1, CHANNELS[path.feature]
        rows = slice(path.harmonic**2, (path.harmonic + 1) ** 2)
        block = sums[:, :, rows, start : start + width * channels].unflatten(-1, (width, channels))
        expected = torch.einsum("gbmkc,bc->gmkc", block, weight).flatten(1, 2)
        torch.testing.assert_close(found, expected)


def test_first_and_second_derivatives_are_those_of_the_map(paths):
    sums, radial = random_input(paths, atoms=1)

    def run(sums, *radial):
        return tuple(x.square() for x in contracted(paths, sums, radial))

    assert torch.autograd.gradcheck(run, (sums, *radial))
    assert torch.autograd.gradgradcheck(run, (sums, *radial))


def test_frozen_weights_keep_no_sums_in_memory(paths):
    sums, radial = random_input(paths)
    frozen = [each.detach() for each in radial]
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.shape) or x, lambda x: x):
        contracted(paths, sums, frozen)
    assert sums.shape not in kept
