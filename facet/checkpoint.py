"""Checkpoints: weights, config, training card and committee in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facet.config import ModelConfig
from facet.errors import CheckpointError
from facet.facet_potential import FacetPotential, plain_network
from facet.golden import GoldenBatch
from facet.selfcheck import golden_with_record, self_check
from facet.uncertainty import Committee

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

FORMAT = "facet-1"
"""Name and version of the layout of weights; raised when a network cannot read older files."""

FORMAT_WITH_COMMITTEE = "facet-2"
"""The same with a committee beside the weights; versions that know none refuse it by name."""

_HEADS, _SHIFTS = "committee.heads", "committee.shifts"

BUNDLED = Path(__file__).parent / "checkpoints"
"""Folder of the checkpoints that ship with Facet."""


def save_checkpoint(
    path: Path,
    config: ModelConfig,
    weights: dict[str, Tensor],
    card: dict[str, Any],
    committee: Committee | None = None,
) -> None:
    """Write a checkpoint, replacing an older file only when the new one is complete.

    The golden batch is computed and kept with it.

    Args:
        path: File to write.
        config: Shape of the network.
        weights: Its state dict.
        card: How it was trained and what it was measured to be worth; plain values.
        committee: Members that were fitted to these weights.
    """
    metadata = {
        "format": FORMAT,
        "config": json.dumps(config.to_dict(), sort_keys=True),
        "card": json.dumps(card, sort_keys=True),
        "golden": golden_with_record(config, weights).to_text(),
    }
    tensors = dict(weights)
    if committee is not None:
        tensors |= {_HEADS: committee.heads, _SHIFTS: committee.shifts}
        described = {"fingerprint": committee.fingerprint, "card": dict(committee.card)}
        metadata |= {
            "format": FORMAT_WITH_COMMITTEE,
            "committee": json.dumps(described, sort_keys=True),
        }
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    partial = path.with_suffix(".partial")
    save_file(whole, partial, metadata=metadata)
    partial.replace(path)


def read_checkpoint(path: Path) -> tuple[ModelConfig, dict[str, Tensor], dict[str, Any]]:
    """Read config, weights and card.

    Raises:
        CheckpointError: The file is missing, is no checkpoint, or has another layout.
    """
    with _opened(path) as (file, metadata):
        names = set(file.keys()) - {_HEADS, _SHIFTS}
        weights = {name: file.get_tensor(name) for name in sorted(names)}
    config = ModelConfig.from_dict(json.loads(metadata["config"]))
    return config, weights, json.loads(metadata["card"])


def read_golden(path: Path) -> GoldenBatch | None:
    """Read the golden batch; None if the file was written before there was one.

    Raises:
        CheckpointError: As ``read_checkpoint``.
    """
    with _opened(path) as (_, metadata):
        return GoldenBatch.from_text(metadata["golden"]) if "golden" in metadata else None


def read_committee(path: Path) -> Committee | None:
    """Read the committee; None if the file holds none.

    Raises:
        CheckpointError: As ``read_checkpoint``.
    """
    with _opened(path) as (file, metadata):
        if "committee" not in metadata:
            return None
        described = json.loads(metadata["committee"])
        return Committee(file.get_tensor(_HEADS), file.get_tensor(_SHIFTS), **described)


def load(
    name: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    check: bool = True,
) -> FacetPotential:
    """Load a potential.

    Args:
        name: A bundled name such as ``facet-s``, or the path of a checkpoint.
        dtype: Precision of its arithmetic.
        device: Where it runs.
        check: Compare it with the plain network in double precision before it is handed out,
            which takes some tenths of a second.

    Raises:
        CheckpointError: No such potential, or a file that this version cannot read.
        SelfCheckError: In this precision, on this device, it does not give its numbers.
    """
    path = resolve(name)
    config, weights, card = read_checkpoint(path)
    try:
        network = plain_network(config, weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights in {path} do not fit its config; the file is damaged, fetch it again."
        ) from error
    potential = FacetPotential(
        network.to(device, dtype),
        fingerprint(config, weights),
        card,
        read_golden(path),
        read_committee(path),
    )
    if check:
        self_check(potential)
    return potential


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


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """Open a checkpoint of the layout that this version reads; give the file and its metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") not in {FORMAT, FORMAT_WITH_COMMITTEE}:
                raise CheckpointError(
                    f"{path} has layout {metadata.get('format', 'unknown')!r}, this version of "
                    f"Facet reads {FORMAT!r} and {FORMAT_WITH_COMMITTEE!r}; use the version that "
                    "wrote the file, or train anew."
                )
            yield file, metadata
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a safetensors checkpoint ({error}); give the path of a "
            "file written by `facet train`, or the name of a bundled potential."
        ) from error
