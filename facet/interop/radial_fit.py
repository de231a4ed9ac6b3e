"""The few radial functions that stand in best for radial MLPs, and the linear maps of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch

from facet.graph.neighbors import build_batch
from facet.nn.convolution import MlpConvolution
from facet.nn.radial import build_basis
from facet.parts import CombinedSplineBasis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from facet.graph.neighbors import Crystal
    from facet.nn.network import FacetNetwork

NUM_SAMPLES = 3000

SHORTEST = 0.5
"""Angstrom; below it, the functions only go on smoothly."""

BOND = 1.3
"""Angstrom; pairs closer than this are rare."""

BOND_WIDTH = 0.15
"""Angstrom over which they become rare."""

RARE = 1e-5
"""Weight of distances that hardly occur, over that at the cutoff."""

SLOPE_LENGTH = 0.05
"""Angstrom; an error of a slope counts as this times as large an error of the function."""

SMOOTHNESS = 1e-4
"""Weight of third differences, which decide splines that no sample reaches."""


class RadialFit(NamedTuple):
    """Radial functions of a whole network.

    Attributes:
        combination: The B-splines in every function, (splines, functions).
        weights: For every layer and path, (functions, channels).
    """

    combination: Tensor
    weights: list[list[Tensor]]


def fit_radial(
    network: FacetNetwork, basis: CombinedSplineBasis, crystals: Sequence[Crystal]
) -> RadialFit:
    """Find the functions that all radial weights of a network are best combined from.

    The weights of all layers, paths and channels are functions of one length. Each is multiplied by
    its importance; what is left is a matrix of lengths times functions, values and slopes, whose
    best approximation of a given rank is cut from its singular value decomposition.

    Args:
        network: A network with radial MLPs, in double precision.
        basis: How many functions, and how many splines they are made of.
        crystals: Crystals on which importance is measured.
    """
    scale = torch.cat(path_importance(network, crystals))
    # A path that the crystals never use must still be fitted.
    scale += 0.01 * scale.square().mean().sqrt()
    length = torch.linspace(SHORTEST, float(network.basis.cutoff), NUM_SAMPLES, dtype=scale.dtype)
    with torch.no_grad():
        radial = network.basis(length)
        wanted = torch.cat([each.radial_weights(radial) for each in _convolutions(network)], dim=1)
        splines = _splines(network, basis.num_knots)(length)
    design = _with_slopes(splines, length)
    smooth = torch.eye(basis.num_knots, dtype=scale.dtype).diff(n=3, dim=0)
    penalty = SMOOTHNESS * design.norm(dim=0).max() * smooth
    orthogonal, triangle = torch.linalg.qr(torch.cat((design, penalty)))
    projected = orthogonal[: len(design)].T @ _with_slopes(wanted * scale, length)
    left, sizes, right = torch.linalg.svd(projected, full_matrices=False)
    rank = basis.num_basis
    combination = torch.linalg.solve_triangular(triangle, left[:, :rank], upper=True)
    size = combination.square().mean(dim=0).sqrt()
    weights = (sizes[:rank] * size).unsqueeze(1) * right[:rank] / scale
    return RadialFit(combination / size, _by_path(weights, network))


def path_importance(network: FacetNetwork, crystals: Sequence[Crystal]) -> list[Tensor]:
    """How much the energy depends on every radial weight, layer by layer.

    About the root mean square over edges of the slope of the energy by the weight: that of the
    energy by the message, times that of the feature which is sent.

    Args:
        network: A network with radial MLPs, in double precision.
        crystals: Crystals to average over.

    Returns:
        For each layer one number a path and channel.
    """
    seen: list[tuple[tuple[Tensor, ...], tuple[Tensor, ...]]] = []

    def keep(_: nn.Module, inputs: tuple[tuple[Tensor, ...], object], output: object) -> None:
        seen.append((inputs[0], output))  # type: ignore[arg-type]  # a convolution returns features

    hooks = [each.register_forward_hook(keep) for each in _convolutions(network)]
    batch = build_batch(crystals, float(network.basis.cutoff), network.embedding.dtype)
    energy = network(batch.species, batch.edge_vectors, batch.edge_index).sum()
    for hook in hooks:
        hook.remove()
    slopes = iter(torch.autograd.grad(energy, [x for _, messages in seen for x in messages]))
    return [
        _importance(convolution, sent, [next(slopes) for _ in messages])
        for convolution, (sent, messages) in zip(_convolutions(network), seen, strict=True)
    ]


def _importance(
    convolution: MlpConvolution, sent: Sequence[Tensor], slopes: Sequence[Tensor]
) -> Tensor:
    """Importance of one layer's weights from what was sent and the slopes by the messages."""
    sizes = [x.detach().square().mean(dim=(0, 1)) for x in sent]
    sensitivity = [x.square().mean(dim=(0, 1)) for x in slopes]
    parts, start = [], [0] * len(sensitivity)
    for path in convolution.paths:
        end = start[path.out] + convolution.channels[path.feature]
        parts.append(sensitivity[path.out][start[path.out] : end] * sizes[path.feature])
        start[path.out] = end
    return torch.cat(parts).sqrt()


def _convolutions(network: FacetNetwork) -> list[MlpConvolution]:
    return [each for each in network.modules() if isinstance(each, MlpConvolution)]


def _splines(network: FacetNetwork, number: int) -> nn.Module:
    """The B-splines themselves as a basis."""
    config = replace(network.config, basis=CombinedSplineBasis(number, number))
    basis = build_basis(config).to(network.embedding.dtype)
    basis.get_parameter("combination").copy_(torch.eye(number))
    return basis


def _with_slopes(values: Tensor, length: Tensor) -> Tensor:
    """Weigh functions and their slopes by how many pairs have such a length."""
    density = length.square() * torch.sigmoid((length - BOND) / BOND_WIDTH)
    weight = (density / density.max() + RARE).sqrt().unsqueeze(1)
    (slopes,) = torch.gradient(values, spacing=(length,), dim=0)
    return torch.cat((weight * values, SLOPE_LENGTH * weight * slopes))


def _by_path(weights: Tensor, network: FacetNetwork) -> list[list[Tensor]]:
    """Cut joined weights into layers and paths."""
    splits = [each.split for each in _convolutions(network)]
    layers = weights.split([sum(split) for split in splits], dim=1)
    return [list(layer.split(split, dim=1)) for layer, split in zip(layers, splits, strict=True)]
