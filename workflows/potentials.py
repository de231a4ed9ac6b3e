"""Potentials that stay loaded from one job of a process to the next."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from facet.checkpoint import load, resolve
from facet.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from facet.facet_potential import FacetPotential


def resident_potential(name: str, fingerprint: str | None = None) -> FacetPotential:
    """Load a potential once per process.

    Args:
        name: Bundled name or path.
        fingerprint: What its weights must be; None takes them as they are.

    Raises:
        CheckpointError: It cannot be loaded, or its weights are not the ones asked for.
    """
    path = resolve(name)
    potential = _load((path, path.stat().st_mtime_ns))
    if fingerprint is not None and potential.fingerprint != fingerprint:
        raise CheckpointError(
            f"The weights of {name} are {potential.fingerprint[:12]}, but the campaign was "
            f"submitted with {fingerprint[:12]}; use the same checkpoint, or submit it again."
        )
    return potential


@lru_cache(maxsize=2)
def _load(version: tuple[Path, int]) -> FacetPotential:
    """Load one version of a file; the time of its last change tells versions apart."""
    return load(version[0])
