"""What a plan is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from screening.rules import FlagRule
from workflows.settings import CampaignSettings

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SampleSize:
    """How many crystals are relaxed to foresee the others.

    Attributes:
        share: Of all that are to be relaxed.
        least: However few that are.
        most: However many.
    """

    share: float = 0.01
    least: int = 32
    most: int = 200

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if not 0 <= self.share <= 1 or not 1 <= self.least <= self.most:
            raise ConfigError(
                f"A sample of {self.share:g} with at least {self.least} and at most {self.most} "
                "crystals cannot be drawn; give a share up to 1 and limits in order."
            )

    def of(self, number: int) -> int:
        """Return the size of the sample of so many crystals."""
        return min(number, max(self.least, min(self.most, math.ceil(self.share * number))))


@dataclass(frozen=True)
class PlanRequest:
    """A campaign that may be run, and on what.

    Attributes:
        candidates: Files, folders or archives of candidate crystals.
        reference: Competing phases; None plans without them.
        element_energies: Elemental energies that a table of formation energies counts from.
        potential: Bundled name or path of the potential.
        relax: How crystals are relaxed.
        rule: Which candidates are flagged; it may ask for phonons and elastic constants of them.
        limit: Read at most this many candidates.
        sample: How many crystals are relaxed now.
        device: Where; None is the processor.
        num_devices: Devices like this one, or processes, that will share the work.
        shard_size: Crystals that one job relaxes.
        watts: Power of one GPU, or of one core; None looks it up.
    """

    candidates: tuple[Path, ...]
    reference: Path | None = None
    element_energies: Path | None = None
    potential: str = "facet-s"
    relax: RelaxSettings = field(default_factory=RelaxSettings)
    rule: FlagRule = field(default_factory=FlagRule)
    limit: int | None = None
    sample: SampleSize = field(default_factory=SampleSize)
    device: str | None = None
    num_devices: int = 1
    shard_size: int = 500
    watts: float | None = None

    def __post_init__(self) -> None:
        """Refuse elements without a table to count from, and no devices at all."""
        if self.element_energies is not None and self.reference is None:
            raise ConfigError("Elemental energies belong to a reference: give --reference too.")
        if self.num_devices < 1:
            raise ConfigError("A campaign needs at least one device.")

    def campaign(self) -> CampaignSettings | None:
        """Return the campaign that would be asked for; None without a reference."""
        if self.reference is None:
            return None
        return CampaignSettings(
            candidates=self.candidates,
            reference=self.reference,
            element_energies=self.element_energies,
            potential=self.potential,
            relax=self.relax,
            rule=self.rule,
            limit=self.limit,
            shard_size=self.shard_size,
        )
