"""The potentials that are compared: what each is, and where it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facet.errors import CheckpointError, ConfigError
from facet.interop.mace_models import label_of, mace_model
from workflows.environments.weights import mace_weights, sha256_of
from workflows.makers import FACET_CATEGORY
from workflows.potentials import ASE, MACE, resident_potential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MACE_ENVIRONMENT = "mace"
BARE = "mace-"
"""Begins MACE's own names as people write them, such as ``mace-mp-0-small``."""


@dataclass(frozen=True)
class Peer:
    """One potential of a comparison.

    Attributes:
        name: As potentials are named everywhere, with a checksum where it needs one.
        label: What readers are shown.
        fingerprint: SHA-256 of its weights.
        environment: Name of the environment that it runs in; empty is this one. Workers of that
            environment take Fireworks of a category with the same name.
        is_one_by_one: Whether it evaluates crystals one by one, which makes its speed another
            thing than that of a batched potential.
    """

    name: str
    label: str
    fingerprint: str
    environment: str = ""
    is_one_by_one: bool = False

    @property
    def category(self) -> str:
        """FireWorks' name for the workers that can run it."""
        return self.environment or FACET_CATEGORY

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Peer:
        """Read what ``to_dict`` made."""
        return cls(**values)


def peers_named(names: Sequence[str]) -> tuple[Peer, ...]:
    """Look at potentials by their names; the first one is what the others are compared with.

    Raises:
        CheckpointError: One is not there, or its weights are not the expected ones.
        ConfigError: There are fewer than two different ones.
    """
    peers = tuple(peer_named(each) for each in names)
    if len(peers) != len({each.fingerprint for each in peers}) or len(peers) < 2:  # noqa: PLR2004 (a pair)
        raise ConfigError(
            "A comparison needs different potentials; name another one with --with, such as "
            "mace:PATH."
        )
    return peers


def peer_named(name: str) -> Peer:
    """Look at one potential; MACE is not loaded for it, only its file is checked.

    Args:
        name: Bundled name or path of a checkpoint, ``mace:PATH[#SHA256]``, ``mace:`` and one of
            MACE's own names, or ``ase:MODULE:FACTORY[@ENVIRONMENT]``.

    Raises:
        CheckpointError: It is not there, or its weights are not the expected ones.
    """
    if name.lower().startswith(BARE) and mace_model(name) is not None:
        return _mace(name)
    if name.startswith(MACE):
        return _mace(name.removeprefix(MACE))
    if name.startswith(ASE):
        return _ase(name)
    if name.endswith(".safetensors"):
        name = str(Path(name).absolute())
    return Peer(name, Path(name).stem, resident_potential(name).fingerprint)


def _mace(place: str) -> Peer:
    file, expected = mace_weights(place)
    found = sha256_of(file)
    if found != expected:
        raise CheckpointError(
            f"{file} has SHA-256 {found} where {expected} was expected, and a MACE file can run "
            f"any code when it is loaded; if you trust this one, name it mace:{file}#{found}."
        )
    label = label_of(found) or f"MACE {file.stem}"
    return Peer(f"{MACE}{file}#{found}", label, found, MACE_ENVIRONMENT)


def _ase(name: str) -> Peer:
    from facet.interop.ase_potential import fingerprint_of  # ASE takes half a second to import

    place, _, environment = name.removeprefix(ASE).partition("@")
    label = place.partition(":")[2] or place
    return Peer(
        f"{ASE}{place}", f"{label} (ASE)", fingerprint_of(place), environment, is_one_by_one=True
    )
