"""Checkpoints: weights, config and training card in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facet.config import ModelConfig
from facet.errors import CheckpointError
from facet.facet_potential import FacetPotential
from facet.nn.network import FacetNetwork

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "facet-1"
"""Name and version of the layout of weights; raised when a network cannot read older files."""

BUNDLED = Path(__file__).parent / "checkpoints"
"""Folder of the checkpoints that ship with Facet."""


def save_checkpoint(
    path: Path,
    config: ModelConfig,
    weights: dict[str, Tensor],
    card: dict[str, Any],
) -> None:
    """Write a checkpoint, replacing an older file only when the new one is complete.

    Args:
        path: File to write.
        config: Shape of the network.
        weights: Its state dict.
        card: How it was trained and what it was measured to be worth; plain values.
    """
    metadata = {
        "format": FORMAT,
        "config": json.dumps(config.to_dict(), sort_keys=True),
        "card": json.dumps(card, sort_keys=True),
    }
    whole = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    partial = path.with_suffix(".partial")
    save_file(whole, partial, metadata=metadata)
    partial.replace(path)


def read_checkpoint(path: Path) -> tuple[ModelConfig, dict[str, Tensor], dict[str, Any]]:
    """Read config, weights and card.

    Raises:
        CheckpointError: The file is missing, is no checkpoint, or has another layout.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a safetensors checkpoint ({error}); give the path of a "
            "file written by `facet train`, or the name of a bundled potential."
        ) from error
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has layout {metadata.get('format', 'unknown')!r}, this version of Facet reads "
            f"{FORMAT!r}; use the version that wrote the file, or train anew."
        )
    config = ModelConfig.from_dict(json.loads(metadata["config"]))
    return config, weights, json.loads(metadata["card"])


def load(
    name: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> FacetPotential:
    """Load a potential.

    Args:
        name: A bundled name such as ``facet-s``, or the path of a checkpoint.
        dtype: Precision of its arithmetic.
        device: Where it runs.

    Raises:
        CheckpointError: No such potential, or a file that this version cannot read.
    """
    path = resolve(name)
    config, weights, card = read_checkpoint(path)
    network = FacetNetwork(config)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights in {path} do not fit its config; the file is damaged, fetch it again."
        ) from error
    return FacetPotential(network.to(device, dtype), fingerprint(config, weights), card)


def resolve(name: str | Path) -> Path:
    """Path of a bundled potential or of a checkpoint file.

    Raises:
        CheckpointError: Neither a bundled name nor a file.
    """
    bundled = BUNDLED / f"{name}.safetensors"
    if Path(name).suffix == "" and Path(name).name == str(name) and bundled.is_file():
        return bundled
    if Path(name).is_file():
        return Path(name)
    names = ", ".join(sorted(each.stem for each in BUNDLED.glob("*.safetensors")))
    raise CheckpointError(
        f"There is no potential {str(name)!r}: give one of the bundled names ({names}) or the path "
        "of a .safetensors checkpoint."
    )


def fingerprint(config: ModelConfig, weights: dict[str, Tensor]) -> str:
    """SHA-256 of config and weights, independent of file layout, card and device."""
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    for name in sorted(weights):
        value = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
