"""``facet import``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from facet.checkpoint import fingerprint, save_checkpoint
from facet.errors import ConfigError
from facet.facet_potential import ENERGY_SCHEME
from facet.interop.sevennet import SHA256, import_sevennet
from facet.interop.slim import merged, with_fitted_radial
from facet.parts import CombinedSplineBasis
from workflows.cli.progress import working
from workflows.cli.tables import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from facet.config import ModelConfig

SOURCES = ("sevennet-0",)
RADIALS = ("mlp", "linear")


def run_import(
    name: str, source: Path | None, out: Path, radial: str, num_basis: int, *, as_json: bool
) -> int:
    """Write another potential's weights as a checkpoint of ours and return the exit code.

    Args:
        name: One of ``SOURCES``.
        source: The original's file; None looks into the installed package.
        out: Checkpoint to write.
        radial: One of ``RADIALS``.
        num_basis: Radial functions when radial maps become linear.
        as_json: Print JSON instead of a sentence.

    Raises:
        ConfigError: There is no such source or radial part, or the output is no checkpoint.
        CheckpointError: The original is missing or is not the published one.
    """
    if name not in SOURCES or radial not in RADIALS or out.suffix != ".safetensors":
        raise ConfigError(
            f"Import one of {', '.join(SOURCES)} with --radial {' or '.join(RADIALS)} to a file "
            "that ends in .safetensors."
        )
    with working(f"reading {name}"):
        config, weights = import_sevennet(source)
        if radial == "linear":
            config, weights = _slim(config, weights, num_basis)
    card = {"energy_scheme": ENERGY_SCHEME, "imported_from": name, "original_sha256": SHA256}
    save_checkpoint(out, config, weights, card)
    count = sum(value.numel() for value in weights.values())
    if as_json:
        key = fingerprint(config, weights)
        print_json({"checkpoint": str(out), "parameters": count, "fingerprint": key})
    else:
        sys.stdout.write(f"{out}: {name}, {count:,} parameters\n")
    return 0


def _slim(
    config: ModelConfig, weights: dict[str, Tensor], num_basis: int
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Linear radial maps, and what is linear twice merged."""
    return merged(*with_fitted_radial(config, weights, CombinedSplineBasis(num_basis)))
