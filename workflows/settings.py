"""What a screening campaign is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from screening.rules import FlagRule

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CampaignSettings:
    """One campaign as the user asks for it.

    Attributes:
        candidates: Files, folders or archives of candidate crystals.
        reference: Phases that the candidates compete with: crystals to be relaxed with the same
            potential, or a JSON file of MP2020 formation energies.
        element_energies: Elemental energies that such formation energies count from; None looks
            beside the reference file.
        potential: Bundled name or path of the potential.
        relax: How crystals are relaxed.
        rule: Which candidates are flagged.
        limit: Read at most this many candidates.
        shard_size: Crystals that one job relaxes.
    """

    candidates: tuple[Path, ...]
    reference: Path
    element_energies: Path | None = None
    potential: str = "facet-s"
    relax: RelaxSettings = field(default_factory=RelaxSettings)
    rule: FlagRule = field(default_factory=FlagRule)
    limit: int | None = None
    shard_size: int = 500

    def __post_init__(self) -> None:
        """Refuse a campaign without candidates or with empty shards."""
        if not self.candidates:
            raise ConfigError("A campaign needs at least one file, folder or archive of crystals.")
        if self.shard_size < 1 or (self.limit is not None and self.limit < 1):
            raise ConfigError("limit and shard_size of a campaign must be one or more.")
