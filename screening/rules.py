"""Flag rules: what makes a crystal worth a DFT calculation, as data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from screening.cost import CostModel
from screening.errors import ScreeningError
from screening.gates.limits import Gates
from screening.strict import Checked, limited, made_from

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE_VERSION = 1
"""Of the form of a rule; a reader refuses a later one."""

HULL_NAMES = ("dft", "own", "self")
"""The hulls that a rule may limit the distance to."""

_ID_LENGTH = 8
_WORDS = ("name", "description")
_ENERGY = "a number in eV/atom, such as 0.05"
_PROBABILITY = "a probability from 0 to 1, such as 0.3"


class StableMeans(StrEnum):
    """Which distance a candidate must lie within for its calculation to have been worth it."""

    ON_HULL = "on_hull"
    WITHIN_LIMIT = "within_limit"


@dataclass(frozen=True)
class RankingRule(Checked):
    """What makes one flagged candidate worth more than another.

    Attributes:
        stable_means: Which probability is the worth of a calculation.
        known_weight: Worth of a known phase beside a new one.
        discount: Worth of each further candidate of a chemical system beside the one before it.
        most_per_system: Most calculations in one chemical system, if there is a limit.
    """

    stable_means: StableMeans = StableMeans.ON_HULL
    known_weight: float = limited(0.25, "a weight from 0 to 1, such as 0.25", least=0.0, most=1.0)
    discount: float = limited(0.8, "a factor from 0 to 1, such as 0.8", least=0.0, most=1.0)
    most_per_system: int | None = limited(None, "a whole number above 0, such as 20", least=1)


@dataclass(frozen=True)
class DisagreementRule(Checked):
    """How much others who disagree widen the error of a distance; with 0 they do not.

    The scale of the error becomes ``sqrt(sigma^2 + (w d)^2)`` with a weight w and a difference d of
    two distances to the hull; ``stability_of`` says why.

    Attributes:
        potentials: Weight of the largest difference to another potential, among those that
            ``facet compare`` has compared on the candidate; who was not compared keeps the error.
        hulls: Weight of the difference between the dft and the own hull, where there are both.
    """

    potentials: float = limited(0.0, "a weight from 0 to 10, such as 1", least=0.0, most=10.0)
    hulls: float = limited(0.0, "a weight from 0 to 10, such as 1", least=0.0, most=10.0)


@dataclass(frozen=True)
class BudgetRule(Checked):
    """What may be spent.

    Attributes:
        core_hours: Core-hours of all calculations of a campaign; None sets no limit.
        exploration_share: Share of it that goes to candidates drawn by lot from those not chosen,
            from which recall is estimated; 0.05 to 0.1 is usual, with 0 recall stays unknown.
    """

    core_hours: float | None = limited(None, "core-hours of 0 or more, such as 50000", least=0.0)
    exploration_share: float = limited(
        0.05, "a share from 0 to 0.5, such as 0.05", least=0.0, most=0.5
    )


@dataclass(frozen=True)
class FlagRule(Checked):
    """When a candidate is flagged, and what is done with those that are.

    Attributes:
        version: Of the form of the rule.
        name: Begins the id of the rule; None stands for ``default`` or ``custom``.
        description: For the reader; no part of the id.
        max_energy_above_hull: Largest distance to the hull in eV/atom, itself allowed.
        require_converged: Whether the relaxation must have converged.
        allow_duplicates: Whether copies of a better candidate are flagged too.
        allow_known: Whether phases are flagged that the reference holds already.
        hull_limits: Further limits in eV/atom on the distance to a hull by its name, ``dft``,
            ``own`` or ``self``; a hull that has no place for the candidate does not hold it back.
        least_probability_on_hull: Least probability of a distance of zero or less, if limited.
        least_probability_within_limit: Least probability of a distance within the limit above.
        assumed_error: Error of the distance in eV/atom of candidates without an uncertainty.
        disagreement: How much others who disagree widen the error.
        gates: The other gates, and whether one that is not passed ends a candidate.
        cost: What a calculation costs.
        ranking: The order in which flagged candidates are calculated.
        budget: What may be spent.
    """

    version: int = RULE_VERSION
    name: str | None = None
    description: str | None = None
    max_energy_above_hull: float = limited(0.05, _ENERGY)
    require_converged: bool = True
    allow_duplicates: bool = False
    allow_known: bool = True
    hull_limits: dict[str, float] = field(default_factory=dict, hash=False)
    least_probability_on_hull: float | None = limited(None, _PROBABILITY, least=0.0, most=1.0)
    least_probability_within_limit: float | None = limited(None, _PROBABILITY, least=0.0, most=1.0)
    assumed_error: float = limited(0.05, "an error in eV/atom, such as 0.05", least=1e-6)
    disagreement: DisagreementRule = field(default_factory=DisagreementRule)
    gates: Gates = field(default_factory=Gates)
    cost: CostModel = field(default_factory=CostModel)
    ranking: RankingRule = field(default_factory=RankingRule)
    budget: BudgetRule = field(default_factory=BudgetRule)

    def __post_init__(self) -> None:
        """Refuse nonsense.

        Raises:
            ScreeningError: A value is nonsense.
        """
        super().__post_init__()
        if self.version != RULE_VERSION:
            raise ScreeningError(
                f"version is {self.version}: this Facet reads rules of version {RULE_VERSION}; "
                f"write the rule in that form, or take a newer Facet."
            )
        unknown = sorted(set(self.hull_limits) - set(HULL_NAMES))
        if unknown:
            raise ScreeningError(
                f"hull_limits has no {', '.join(map(repr, unknown))}: it knows "
                f"{', '.join(HULL_NAMES)}."
            )
        if self.name is not None and not _is_plain_name(self.name):
            raise ScreeningError(
                f"name is {self.name!r}: give 1 to 40 small letters, digits and hyphens, a letter "
                f"first."
            )

    @cached_property
    def rule_id(self) -> str:
        """A name that changes with every value of the rule and with nothing else."""
        values = {key: value for key, value in self.to_dict().items() if key not in _WORDS}
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
        return f"{self.name or self._plain_name()}-{digest[:_ID_LENGTH]}"

    def _plain_name(self) -> str:
        plain = FlagRule(name=self.name, description=self.description)
        return "default" if self == plain else "custom"

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain data.

        What came after the first rules were stored is left out where it changes nothing: their ids,
        and those of the campaigns that they judged, stay.
        """
        plain = self.to_whole_dict()
        if self.disagreement == DisagreementRule():
            del plain["disagreement"]
        return plain

    def to_whole_dict(self) -> dict[str, Any]:
        """Return the rule as plain data with everything that it leaves as it is by default."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], name: str = "A flag rule") -> FlagRule:
        """Make a rule from plain data; what is not given keeps its default.

        Args:
            data: Values by name.
            name: Of the rule in messages.

        Raises:
            ScreeningError: A key is unknown or a value is nonsense.
        """
        return made_from(cls, data, name)


def _is_plain_name(name: str) -> bool:
    """Tell names that are safe in ids, files and addresses."""
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    return 0 < len(name) <= 40 and set(name) <= allowed and name[0].isalpha()  # noqa: PLR2004 (as the message says)
