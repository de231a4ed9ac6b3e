"""SevenNet-0 as a Facet network: its weights, read from the user's own installation.

SevenNet-0 (Park et al., J. Chem. Theory Comput. 20, 4857 (2024)) is NequIP's composition with a
linear self-connection. Its code is not used and its weights are not shipped: they are read from the
checkpoint inside the ``sevenn`` package (MIT license) that the user installed.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from e3nn import o3
from e3nn.math import normalize2mom

from facet.config import SEVENNET_0, ModelConfig
from facet.errors import CheckpointError
from facet.nn.paths import list_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

CHECKPOINT = "pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth"
SHA256 = "7052cb42b7b3be42b40b97fa0d21077a48c54b5548948fc4dcf346629f813c36"


def installed_checkpoint() -> Path:
    """Path of the checkpoint in the installed ``sevenn`` package, which is not imported.

    Raises:
        CheckpointError: The package is not installed.
    """
    found = find_spec("sevenn")
    if found is None or not found.submodule_search_locations:
        raise CheckpointError(
            "The package sevenn is not installed; run `pip install --no-deps sevenn==0.13.0` "
            "beside Facet, or give the path of its checkpoint."
        )
    return Path(found.submodule_search_locations[0]) / CHECKPOINT


def import_sevennet(path: Path | None = None) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Read SevenNet-0 into the layout of our ``sevennet-0`` preset.

    Normalizations that e3nn applies on the fly (fan-in of linear maps, second moment of SiLU) are
    folded into the weights.

    Args:
        path: Its checkpoint; None looks into the installed package.

    Returns:
        Config and weights; 842,748 parameters.

    Raises:
        CheckpointError: The file is missing or is not the published one.
    """
    stored, type_map = _read(path or installed_checkpoint())
    species = tuple(sorted(type_map, key=lambda number: type_map[number]))
    config = replace(SEVENNET_0, species=species)
    weights: dict[str, Tensor] = {
        "basis.frequencies": stored["edge_embedding.basis_function.coeffs"] * config.cutoff
    }
    embedding = stored["onehot_to_feature_x.linear.weight"].view(len(species), -1)
    weights["embedding"] = _padded(embedding / math.sqrt(len(species)))
    for index in range(config.num_layers):
        weights |= _layer(stored, index, config)
    hidden = stored["reduce_input_to_hidden.linear.weight"].view(config.channels[0], -1)
    moment = _silu_moment()
    weights["readout.hidden.0"] = moment * hidden / math.sqrt(config.channels[0])
    head = stored["reduce_hidden_to_energy.linear.weight"]
    weights["readout.head"] = head / math.sqrt(len(head))
    weights["readout.species_scale"] = _padded(stored["rescale_atomic_energy.scale"])
    weights["readout.species_shift"] = _padded(stored["rescale_atomic_energy.shift"])
    return config, {name: value.contiguous() for name, value in weights.items()}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[int, int]]:
    """State dict and species of the published file; its checksum is verified before it is read."""
    if not path.is_file():
        raise CheckpointError(f"There is no SevenNet-0 checkpoint at {path}; check the path.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise CheckpointError(
            f"{path} has SHA-256 {digest[:12]}, not {SHA256[:12]} of SevenNet-0 (11 July 2024) in "
            "sevenn 0.13.0; install that version."
        )
    # A pickle, opened only because its checksum is that of the published file.
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return content["model_state_dict"], content["config"]["_type_map"]


def _layer(stored: dict[str, Tensor], index: int, config: ModelConfig) -> dict[str, Tensor]:
    """Weights of one layer."""
    is_first, is_last = index == 0, index == config.num_layers - 1
    channels_in = config.channels[:1] if is_first else config.channels
    out = config.channels[:1] if is_last else config.channels
    gated = (out[0] + sum(out[1:]), *out[1:])
    paths = list_paths(len(channels_in) - 1, config.lmax, len(out) - 1, natural_parity=False)
    sums = [
        sum(channels_in[path.feature] for path in paths if path.out == degree)
        for degree in range(len(out))
    ]
    # Features come out of a gate whose SiLU was scaled to unit second moment; ours was not.
    moment = 1.0 if is_first else _silu_moment()
    prefix = f"layers.{index}"
    weights: dict[str, Tensor] = {}
    for name, source, rows, columns, factor in (
        ("inner", "self_interaction_1", channels_in, channels_in, moment),
        ("residual", "self_connection_intro", channels_in, gated, moment),
        ("message", "self_interaction_2", sums, gated, 1.0),
    ):
        flat = stored[f"{index}_{source}.linear.weight"]
        for degree, block in enumerate(_blocks(flat, rows, columns)):
            weights[f"{prefix}.{name}.weights.{degree}"] = factor * block
    for number, weight in enumerate(_radial(stored, index, channels_in, config)):
        weights[f"{prefix}.convolution.radial.{number}"] = weight
    return weights


def _blocks(flat: Tensor, rows: Sequence[int], columns: Sequence[int]) -> list[Tensor]:
    """Cut a flat linear map into one matrix a degree, each divided by the root of its fan-in."""
    blocks, place = [], 0
    for n_in, n_out in zip(rows, columns, strict=False):
        block = flat[place : place + n_in * n_out].view(n_in, n_out)
        blocks.append(block / math.sqrt(n_in))
        place += n_in * n_out
    return blocks


def _radial(
    stored: dict[str, Tensor], index: int, channels_in: tuple[int, ...], config: ModelConfig
) -> list[Tensor]:
    """Weights of the radial MLP, with our scale of the basis and e3nn's present signs."""
    first, second, last = (
        stored[f"{index}_convolution.weight_nn.layer{number}.weight"] for number in range(3)
    )
    moment = _silu_moment()
    basis_factor = 2 / config.cutoff**2
    last = last * _signs(stored, index, channels_in, config)
    return [
        basis_factor * first / math.sqrt(first.shape[0]),
        moment * second / math.sqrt(second.shape[0]),
        moment * last / math.sqrt(last.shape[0]),
    ]


def _signs(
    stored: dict[str, Tensor],
    index: int,
    channels_in: tuple[int, ...],
    config: ModelConfig,
) -> Tensor:
    """+1 or -1 for every radial weight: some couplings changed sign between versions of e3nn."""
    out_lmax = 0 if index == config.num_layers - 1 else config.lmax
    signs = []
    for path in list_paths(len(channels_in) - 1, config.lmax, out_lmax, natural_parity=False):
        name = "_w3j_{}_{}_{}".format(*path)
        then = stored.get(f"{index}_convolution.convolution._compiled_main_left_right.{name}")
        is_flipped = then is not None and bool((then * o3.wigner_3j(*path)).sum() < 0)
        signs.append(torch.full((channels_in[path.feature],), -1.0 if is_flipped else 1.0))
    return torch.cat(signs)


def _padded(rows: Tensor) -> Tensor:
    """Add the row that stands for an unknown element."""
    return torch.cat((rows, torch.zeros_like(rows[:1])))


def _silu_moment() -> float:
    """Factor that gives SiLU of a standard normal variable unit second moment."""
    return float(normalize2mom(torch.nn.functional.silu).cst)
