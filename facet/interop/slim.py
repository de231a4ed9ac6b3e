"""Smaller networks: radial MLPs become linear maps, and what is linear twice is linear once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from facet.errors import ConfigError
from facet.facet_potential import plain_network
from facet.golden import golden_crystals
from facet.interop.radial_fit import fit_radial
from facet.nn.convolution import MlpConvolution
from facet.nn.network import FacetNetwork
from facet.nn.radial import build_basis
from facet.parts import LinearRadial, MlpRadial

if TYPE_CHECKING:
    from torch import Tensor

    from facet.config import ModelConfig
    from facet.parts import BesselBasis, CombinedSplineBasis, SplineBasis

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
    _check_has_mlp(config)
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


def with_fitted_radial(
    config: ModelConfig, weights: dict[str, Tensor], basis: CombinedSplineBasis
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Replace radial MLPs by linear maps of the functions that suit them best.

    Unlike in ``with_linear_radial`` the functions are fitted too, so that about a quarter fewer of
    them do as well.

    Args:
        config: Shape of the network.
        weights: Its state dict.
        basis: How many functions, and how many splines they are made of.

    Raises:
        ConfigError: The network has no radial MLP.
    """
    _check_has_mlp(config)
    crystals = golden_crystals(frozenset(config.species))
    fit = fit_radial(plain_network(config, weights), basis, crystals)
    changed = {"basis.combination": fit.combination}
    for index, parts in enumerate(fit.weights):
        changed |= {f"layers.{index}.convolution.radial.{k}": part for k, part in enumerate(parts)}
    dtype = weights["embedding"].dtype
    return replace(config, radial=LinearRadial(), basis=basis), {
        **{k: v for k, v in weights.items() if ".radial." not in k and not k.startswith("basis.")},
        **{name: value.to(dtype).contiguous() for name, value in changed.items()},
    }


def with_species_table(
    config: ModelConfig, weights: dict[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Multiply the embedding into the maps that read it; nothing changes but rounding.

    Raises:
        ConfigError: The first layer has no inner map, or another self-connection.
    """
    if not config.has_inner_linear or config.has_species_connection or config.has_species_table:
        raise ConfigError("The first layer of the network has no two linear maps to merge.")
    embedding = weights["embedding"]
    merged = ("layers.0.inner.", "layers.0.residual.")
    kept = {name: value for name, value in weights.items() if not name.startswith(merged)}
    return replace(config, has_species_table=True), kept | {
        "embedding": embedding @ weights["layers.0.inner.weights.0"],
        "layers.0.residual.table": embedding @ weights["layers.0.residual.weights.0"],
    }


def with_single_head(
    config: ModelConfig, weights: dict[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Multiply the linear maps of the readout into one vector; nothing changes but rounding."""
    kept = {name: value for name, value in weights.items() if not name.startswith("readout.hidden")}
    head = weights["readout.head"]
    for number in reversed(range(len(config.head))):
        head = weights[f"readout.hidden.{number}"] @ head
    return replace(config, head=()), kept | {"readout.head": head}


def merged(
    config: ModelConfig, weights: dict[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Make linear once what is linear twice, in the readout and in the first layer.

    Raises:
        ConfigError: As ``with_species_table``.
    """
    return with_species_table(*with_single_head(config, weights))


def _check_has_mlp(config: ModelConfig) -> None:
    if not isinstance(config.radial, MlpRadial):
        raise ConfigError("The network has no radial MLP that could be replaced.")
