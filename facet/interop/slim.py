"""Smaller networks: radial MLPs become linear maps, a stacked readout becomes one vector."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from facet.config import LinearRadial, MlpRadial, ModelConfig
from facet.errors import ConfigError
from facet.nn.convolution import MlpConvolution
from facet.nn.network import FacetNetwork
from facet.nn.radial import build_basis

if TYPE_CHECKING:
    from torch import Tensor

    from facet.config import BesselBasis, SplineBasis

SHORTEST = 0.8
"""Angstrom; no two atoms of a crystal at rest are closer."""

NUM_SAMPLES = 2000


def with_linear_radial(
    config: ModelConfig, weights: dict[str, Tensor], basis: BesselBasis | SplineBasis | None = None
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Replace every radial MLP by the linear map of a basis that fits it best.

    Least squares over the distances that occur, weighted by r^2 as the number of neighbors grows.
    The result needs a refit to be as accurate as before.

    Args:
        config: Shape of the network.
        weights: Its state dict.
        basis: Radial basis of the new network; None keeps the present one and its frequencies.

    Raises:
        ConfigError: The network has no radial MLP.
    """
    if not isinstance(config.radial, MlpRadial):
        raise ConfigError("The network has no radial MLP that could be replaced.")
    network = FacetNetwork(config)
    network.load_state_dict(weights)
    slim = replace(config, radial=LinearRadial(), basis=basis or config.basis)
    new_basis = network.basis if basis is None else build_basis(slim)
    length = torch.linspace(SHORTEST, config.cutoff, NUM_SAMPLES)
    kept = {name: value for name, value in weights.items() if ".radial." not in name}
    if basis is not None:
        kept = {name: value for name, value in kept.items() if not name.startswith("basis.")}
        kept |= {f"basis.{name}": value for name, value in new_basis.state_dict().items()}
    with torch.no_grad():
        design, target = new_basis(length) * length[:, None], network.basis(length)
        for index, layer in enumerate(network.layers):
            convolution = layer.get_submodule("convolution")
            if not isinstance(convolution, MlpConvolution):
                continue
            wanted = convolution.radial_weights(target) * length[:, None]
            fit = torch.linalg.lstsq(design.double(), wanted.double()).solution
            for number, part in enumerate(torch.split(fit.to(design), convolution.split, dim=1)):
                kept[f"layers.{index}.convolution.radial.{number}"] = part.contiguous()
    return slim, kept


def with_single_head(
    config: ModelConfig, weights: dict[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Multiply the linear maps of the readout into one vector; nothing changes but rounding."""
    kept = {name: value for name, value in weights.items() if not name.startswith("readout.hidden")}
    head = weights["readout.head"]
    for number in reversed(range(len(config.head))):
        head = weights[f"readout.hidden.{number}"] @ head
    return replace(config, head=()), kept | {"readout.head": head}
