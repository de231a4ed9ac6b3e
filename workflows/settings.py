"""What a screening campaign is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings
from screening.rules import FlagRule

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Named:
    """A reference that the database holds.

    Attributes:
        name: Its name or id, or the beginning of its id.
    """

    name: str


@dataclass(frozen=True)
class CampaignSettings:
    """One campaign as the user asks for it.

    Attributes:
        candidates: Files, folders or archives of candidate crystals.
        reference: Phases that the candidates compete with: crystals to be relaxed with the same
            potential, a JSON file of MP2020 formation energies, or a stored reference.
        element_energies: Elemental energies that such formation energies count from; None looks
            beside the reference file.
        potential: Bundled name or path of the potential.
        relax: How crystals are relaxed.
        rule: Which candidates are flagged.
        limit: Read at most this many candidates.
        shard_size: Crystals that one job relaxes.
        priority: Campaigns of higher priority go first.
    """

    candidates: tuple[Path, ...]
    reference: Path | Named
    element_energies: Path | None = None
    potential: str = "facet-s"
    relax: RelaxSettings = field(default_factory=RelaxSettings)
    rule: FlagRule = field(default_factory=FlagRule)
    limit: int | None = None
    shard_size: int = 500
    priority: int = 0

    def __post_init__(self) -> None:
        """Refuse a campaign without candidates or with empty shards."""
        if not self.candidates:
            raise ConfigError("A campaign needs at least one file, folder or archive of crystals.")
        if self.shard_size < 1 or (self.limit is not None and self.limit < 1):
            raise ConfigError("limit and shard_size of a campaign must be one or more.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; paths become absolute."""
        elements = self.element_energies
        return {
            **asdict(self),
            "candidates": [str(each.absolute()) for each in self.candidates],
            "reference": _plain_reference(self.reference),
            "element_energies": str(elements.absolute()) if elements else None,
            "relax": self.relax.to_dict(),
            "rule": self.rule.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CampaignSettings:
        """Read what ``to_dict`` made."""
        elements = values["element_energies"]
        return cls(
            **{
                **values,
                "candidates": tuple(map(Path, values["candidates"])),
                "reference": _reference(values["reference"]),
                "element_energies": Path(elements) if elements else None,
                "relax": RelaxSettings.from_dict(values["relax"]),
                "rule": FlagRule.from_dict(values["rule"]),
            }
        )


def _plain_reference(reference: Path | Named) -> str | dict[str, str]:
    return asdict(reference) if isinstance(reference, Named) else str(reference.absolute())


def _reference(plain: str | dict[str, str]) -> Path | Named:
    return Named(**plain) if isinstance(plain, dict) else Path(plain)
