"""Potentials that stay loaded from one job of a process to the next."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from facet.checkpoint import load, resolve
from facet.errors import CheckpointError

if TYPE_CHECKING:
    from facet.potential import Potential

MACE = "mace:"
"""Begins the name of a MACE model: ``mace:PATH``, or ``mace:PATH#SHA256`` of one you trust."""


def resident_potential(name: str, fingerprint: str | None = None) -> Potential:
    """Load a potential once per process.

    Args:
        name: Bundled name, path, or ``mace:`` and the path of MACE weights.
        fingerprint: What its weights must be; None takes them as they are.

    Raises:
        CheckpointError: It cannot be loaded, or its weights are not the ones asked for.
    """
    potential = _mace(name.removeprefix(MACE)) if name.startswith(MACE) else _facet(name)
    if fingerprint is not None and potential.fingerprint != fingerprint:
        raise CheckpointError(
            f"The weights of {name} are {potential.fingerprint[:12]}, but the campaign was "
            f"submitted with {fingerprint[:12]}; use the same checkpoint, or submit it again."
        )
    return potential


def _facet(name: str) -> Potential:
    path = resolve(name)
    return _load((path, path.stat().st_mtime_ns))


@lru_cache(maxsize=2)
def _load(version: tuple[Path, int]) -> Potential:
    """Load one version of a file; the time of its last change tells versions apart."""
    return load(version[0])


@lru_cache(maxsize=2)
def _mace(place: str) -> Potential:
    """Load a MACE model from a path, and the checksum where one follows."""
    from facet.interop.mace import load_mace  # MACE is there in an environment of its own only

    path, _, checksum = place.partition("#")
    return load_mace(Path(path), sha256=checksum) if checksum else load_mace(Path(path))
