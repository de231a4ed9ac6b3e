"""How labels are made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from facet.errors import ConfigError
from facet.training.kinds import Kind

DEFAULT_COUNTS = {
    Kind.RELAXED: 1,
    Kind.RATTLED: 3,
    Kind.STRONG: 1,
    Kind.SWAPPED: 2,
    Kind.STEP: 1,
    Kind.COMPRESSED: 1,
    Kind.DIMER: 1,
}


@dataclass(frozen=True)
class LabelSettings:
    """Everything that decides which frames are made and kept; nonsense is refused on creation.

    Attributes:
        counts: Frames of each kind that are made of a parent; for steps, relaxations.
        seed: Of the run; every frame has a seed of its own that follows from it.
        relax_steps: Length of a short relaxation; its first, then every second step is kept.
        parents_per_shard: Parents whose frames share a shard.
        max_atoms: Parents with more atoms are passed over.
        min_distance: Frames with atoms closer than this many angstrom are not labeled.
        max_force: Frames with a force beyond this are dropped, in eV/angstrom.
    """

    counts: dict[Kind, int] = field(default_factory=lambda: dict(DEFAULT_COUNTS))
    seed: int = 0
    relax_steps: int = 8
    parents_per_shard: int = 32
    max_atoms: int = 200
    min_distance: float = 0.5
    max_force: float = 100.0

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        for name in ("relax_steps", "parents_per_shard", "max_atoms"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least one, not {getattr(self, name)}.")
        for name in ("min_distance", "max_force"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above zero, not {getattr(self, name)}.")
        if not sum(self.counts.values()):
            raise ConfigError("No frame is asked for: give some kind a number above zero.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "counts": {kind.label: n for kind, n in self.counts.items()}}


def parse_counts(text: str) -> dict[Kind, int]:
    """Read numbers of frames such as ``rattled=4,dimer=0``; other kinds keep their default.

    Raises:
        ConfigError: A kind has another name, or a number is none.
    """
    counts = dict(DEFAULT_COUNTS)
    by_label = {kind.label: kind for kind in Kind}
    for part in filter(None, (each.strip() for each in text.split(","))):
        label, _, number = part.partition("=")
        if label not in by_label or not number.isdecimal():
            raise ConfigError(
                f"{part!r} is no number of frames; write kind=number with one of the kinds "
                f"{', '.join(by_label)}."
            )
        counts[by_label[label]] = int(number)
    return counts


def frame_seed(seed: int, parent: str, kind: Kind, number: int) -> int:
    """Seed of one frame: it follows from the run's seed, the parent and the kind, nothing else."""
    return int.from_bytes(sha256(f"{seed}/{parent}/{kind.label}/{number}")[:8], "big")


def sha256(values: object) -> bytes:
    """Hash of plain values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).digest()
