"""From sums over neighbors to the products of every path, with few passes over the sums.

The sums of all feature degrees a and harmonic degrees b of an atom are one matrix T, as they come
out of one matrix product. A path p weights its block of T with ``W_p`` and sums over the basis:

    P_p[m, k, c] = sum_n W_p[n, c] T[n, (b, m), (a, k, c)]

T is by far the largest tensor of the network. The first path of every block is done in one pass
over all of T, further paths of a block (those of another degree of the message) one by one. Plain
slices would make automatic differentiation write a full gradient of T for each of them, so the
transpose of the map is written down here. The two maps are each other's derivative, and so
derivatives of any order come out right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Int
    from torch import Tensor

    from facet.nn.paths import Path


class Block(NamedTuple):
    """Place of a path in the sums.

    Attributes:
        row: First component of its harmonic degree.
        height: Components of its harmonic degree.
        column: First column of its feature degree.
        width: Columns of its feature degree: components times channels.
        channels: Channels of its feature degree.
    """

    row: int
    height: int
    column: int
    width: int
    channels: int

    def of(self, values: Tensor) -> Tensor:
        """View of the block in a tensor whose last two axes are rows and columns."""
        return values.narrow(-2, self.row, self.height).narrow(-1, self.column, self.width)


class Blocks(NamedTuple):
    """Places of all paths.

    Attributes:
        first: Number and block of the first path of every pair of degrees.
        others: Number and block of all other paths.
        shape: Rows and columns of the sums of one basis function.
    """

    first: tuple[tuple[int, Block], ...]
    others: tuple[tuple[int, Block], ...]
    shape: tuple[int, int]


def blocks_of(
    paths: Sequence[Path], channels: Sequence[int], lmax: int
) -> tuple[Blocks, Int[Tensor, " rows_times_columns"]]:
    """Lay out the sums: rows by degree of the harmonic, columns by degree of the feature.

    Args:
        paths: Couplings of the layer.
        channels: Channels of each degree of the features.
        lmax: Highest degree of the harmonics.

    Returns:
        Places of all paths; and for each row and column, the column of the joined weights of its
        first path, or the number of joined columns where no path reads the sums.
    """
    widths = [(2 * degree + 1) * count for degree, count in enumerate(channels)]
    shape = ((lmax + 1) ** 2, sum(widths))
    total = sum(channels[path.feature] for path in paths)
    weight_of = torch.full(shape, total)
    first: dict[tuple[int, int], tuple[int, Block]] = {}
    others = []
    start = 0
    for number, path in enumerate(paths):
        degree, count = path.feature, channels[path.feature]
        height, column = 2 * path.harmonic + 1, sum(widths[:degree])
        block = Block(path.harmonic**2, height, column, widths[degree], count)
        if (path.feature, path.harmonic) in first:
            others.append((number, block))
        else:
            first[path.feature, path.harmonic] = (number, block)
            columns = torch.arange(start, start + count).repeat(2 * degree + 1)
            block.of(weight_of).copy_(columns)
        start += count
    return Blocks(tuple(first.values()), tuple(others), shape), weight_of.flatten()


def contract(sums: Tensor, weights: Sequence[Tensor], blocks: Blocks) -> list[Tensor]:
    """Weight the sums of every path and sum over the basis.

    Args:
        sums: (group, basis, rows, columns).
        weights: What ``spread_weights`` makes of the radial weights.
        blocks: Where each path finds its sums.

    Returns:
        For each path (group, harmonic x feature components, channels).
    """
    values = _apply(_Contract, sums, blocks, *weights)
    products = {
        number: value.view(len(sums), -1, block.channels)
        for (number, block), value in zip((*blocks.first, *blocks.others), values, strict=True)
    }
    return [products[number] for number in range(len(products))]


def spread_weights(
    radial: Sequence[Tensor], blocks: Blocks, weight_of: Int[Tensor, " rows_times_columns"]
) -> list[Tensor]:
    """Weights as they meet the sums: one tensor for all first paths, one for each other path.

    Args:
        radial: For each path (basis, channels).
        blocks: Where each path finds its sums.
        weight_of: Columns of the joined weights, from ``blocks_of``.

    Returns:
        (basis, rows, columns) for the first paths, (basis, 1, width) for each other path.
    """
    joined = torch.cat([*radial, radial[0].new_zeros(len(radial[0]), 1)], dim=1)
    full = joined.index_select(1, weight_of).unflatten(1, blocks.shape)
    others = [
        radial[number].repeat(1, block.width // block.channels).unsqueeze(1)
        for number, block in blocks.others
    ]
    return [full, *others]


def _apply(function: type[torch.autograd.Function], *arguments: object) -> Any:  # noqa: ANN401 (a tensor or several)
    """Call a function that brings its own derivative."""
    return function.apply(*arguments)


class _Contract(torch.autograd.Function):
    """The map from sums to products."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's context)
        sums: Tensor,
        blocks: Blocks,
        full: Tensor,
        *others: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.are_weights_trained = full.requires_grad
        ctx.save_for_backward(full, *others, *([sums] if ctx.are_weights_trained else []))
        ctx.blocks = blocks
        total = _weighted_sum(sums, full)
        products = [block.of(total).contiguous() for _, block in blocks.first]
        for (_, block), weight in zip(blocks.others, others, strict=True):
            products.append(_weighted_sum(block.of(sums), weight))
        return tuple(products)

    @staticmethod
    def backward(ctx: Any, *products: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 (torch's context)
        weights = ctx.saved_tensors[: 1 + len(ctx.blocks.others)]
        slopes: Sequence[Tensor | None] = [None] * len(weights)
        if ctx.are_weights_trained:
            slopes = _slopes(ctx.saved_tensors[-1], products, ctx.blocks)
        return _apply(_Spread, ctx.blocks, len(weights), *weights, *products), None, *slopes


class _Spread(torch.autograd.Function):
    """The transposed map, from products to sums."""

    @staticmethod
    def forward(ctx: Any, blocks: Blocks, num_weights: int, *tensors: Tensor) -> Tensor:  # noqa: ANN401 (torch's context)
        ctx.save_for_backward(*tensors)
        ctx.blocks, ctx.num_weights = blocks, num_weights
        full, *others = tensors[:num_weights]
        products = tensors[num_weights:]
        sums = _joined(products, blocks).unsqueeze(1) * full
        for (_, block), weight, product in zip(
            blocks.others, others, products[len(blocks.first) :], strict=True
        ):
            block.of(sums).addcmul_(product.unsqueeze(1), weight)
        return sums

    @staticmethod
    def backward(ctx: Any, sums: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 (torch's context)
        weights = ctx.saved_tensors[: ctx.num_weights]
        products = ctx.saved_tensors[ctx.num_weights :]
        slopes: Sequence[Tensor | None] = [None] * len(weights)
        if weights[0].requires_grad:
            slopes = _slopes(sums, products, ctx.blocks)
        return None, None, *slopes, *_apply(_Contract, sums, ctx.blocks, *weights)


def _weighted_sum(sums: Tensor, weight: Tensor) -> Tensor:
    """Sum over the basis of the weighted sums, without a temporary of their size."""
    total = sums[:, 0] * weight[0]
    for number in range(1, len(weight)):
        total.addcmul_(sums[:, number], weight[number])
    return total


def _joined(products: Sequence[Tensor], blocks: Blocks) -> Tensor:
    """Products of the first paths in one tensor (group, rows, columns)."""
    total = products[0].new_zeros(len(products[0]), *blocks.shape)
    for (_, block), product in zip(blocks.first, products, strict=False):
        block.of(total).copy_(product)
    return total


def _slopes(sums: Tensor, products: Sequence[Tensor], blocks: Blocks) -> list[Tensor]:
    """Derivatives by the weights."""
    full = (sums * _joined(products, blocks).unsqueeze(1)).sum(dim=0)
    others = [
        (block.of(sums) * product.unsqueeze(1)).sum(dim=(0, 2), keepdim=True).squeeze(0)
        for (_, block), product in zip(blocks.others, products[len(blocks.first) :], strict=True)
    ]
    return [full, *others]
