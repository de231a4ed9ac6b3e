"""Potentials that stay loaded from one job of a process to the next."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from facet.checkpoint import load, resolve
from facet.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from facet.potential import Potential

PROCESSOR = "cpu"
MACE = "mace:"
"""Begins the name of a MACE model: ``mace:PATH``, ``mace:PATH#SHA256`` of one you trust, or
``mace:`` and one of MACE's own names."""
ASE = "ase:"
"""Begins the import path of a function that makes an ASE calculator: ``ase:MODULE:FACTORY``."""


def resident_potential(
    name: str, fingerprint: str | None = None, device: str | None = None
) -> Potential:
    """Load a potential once per process.

    Args:
        name: Bundled name, path, ``mace:`` and the path of MACE weights, or ``ase:`` and the import
            path of what makes an ASE calculator.
        fingerprint: What its weights must be; None takes them as they are.
        device: Where it runs, e.g. ``cuda:0``; None is the processor.

    Raises:
        CheckpointError: It cannot be loaded, or its weights are not the ones asked for.
    """
    where = device or PROCESSOR
    potential = _loaded(name, where)
    if fingerprint is not None and potential.fingerprint != fingerprint:
        raise CheckpointError(
            f"The weights of {name} are {potential.fingerprint[:12]}, but the campaign was "
            f"submitted with {fingerprint[:12]}; use the same checkpoint, or submit it again."
        )
    return potential


def _loaded(name: str, device: str) -> Potential:
    if name.startswith(MACE):
        return _mace(name.removeprefix(MACE), device)
    if name.startswith(ASE):
        return _ase(name.removeprefix(ASE))
    return _facet(name, device)


def _facet(name: str, device: str) -> Potential:
    path = resolve(name)
    return _load((path, path.stat().st_mtime_ns), device)


@lru_cache(maxsize=2)
def _load(version: tuple[Path, int], device: str) -> Potential:
    """Load one version of a file; the time of its last change tells versions apart."""
    return load(version[0], device=device)


@lru_cache(maxsize=2)
def _mace(place: str, device: str) -> Potential:
    """Load a MACE model from a path, and the checksum where one follows, or by its name."""
    from facet.interop.mace import load_mace  # MACE is there in an environment of its own only
    from workflows.environments.weights import mace_weights

    file, checksum = mace_weights(place)
    return load_mace(file, device=device, sha256=checksum)


@lru_cache(maxsize=2)
def _ase(place: str) -> Potential:
    """Make an ASE calculator; where it runs is its own affair."""
    from facet.interop.ase_potential import load_ase  # ASE takes half a second to import

    return load_ase(place)
