"""What a user asks of candidates; whatever the text, it stays a value and never an operator."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from db.documents.candidate import ELEMENT_SETS, LARGEST_SET, element_sets
from db.documents.fields import (
    CandidateRole,
    CandidateStatus,
    ElementSymbol,
    Part,
    StopReasonName,
    Text,
)

EQUAL_FIELDS = {
    "campaign_id": "campaign_id",
    "material_id": "material_id",
    "formula": "formula_pretty",
    "chemsys": "chemsys",
    "nelements": "nelements",
    "space_group_number": "space_group_number",
    "potential_fingerprint": "potential_fingerprint",
    "stop_reason": "stop_reason",
    "verdict": "verdict",
    "status": "status",
    "role": "role",
    "is_flagged": "is_flagged",
}
RANGES = {
    "energy_above_hull": ("min_energy_above_hull", "max_energy_above_hull"),
    "nsites": ("min_nsites", "max_nsites"),
}

LARGEST = 10**9

SortField = Literal[
    "energy_above_hull",
    "rank",
    "material_id",
    "formation_energy_per_atom",
    "energy_per_atom",
    "nsites",
    "formula",
]


class CandidateFilter(Part):
    """Conditions that a candidate must all meet; what is None asks nothing."""

    campaign_id: Text | None = Field(default=None, description="The campaign.")
    material_id: Text | None = Field(default=None, description="The candidate's name.")
    formula: Text | None = Field(default=None, description="Its reduced formula.")
    chemsys: Text | None = Field(
        default=None, description="Its elements joined by '-', in any order."
    )
    elements_all: tuple[ElementSymbol, ...] = Field(default=(), description="It holds all of them.")
    elements_any: tuple[ElementSymbol, ...] = Field(default=(), description="It holds one of them.")
    elements_none: tuple[ElementSymbol, ...] = Field(default=(), description="It holds none.")
    nelements: int | None = Field(
        default=None, ge=1, le=LARGEST, description="Number of different elements."
    )
    min_nsites: int | None = Field(default=None, ge=1, le=LARGEST, description="Fewest sites.")
    max_nsites: int | None = Field(default=None, ge=1, le=LARGEST, description="Most sites.")
    space_group_number: int | None = Field(
        default=None, ge=1, le=230, description="Space group once relaxed."
    )
    min_energy_above_hull: float | None = Field(
        default=None, allow_inf_nan=False, description="Smallest distance to the hull in eV/atom."
    )
    max_energy_above_hull: float | None = Field(
        default=None, allow_inf_nan=False, description="Largest distance to the hull in eV/atom."
    )
    potential_fingerprint: Text | None = Field(
        default=None, description="Whole fingerprint of the potential that relaxed it."
    )
    stop_reason: StopReasonName | None = Field(default=None, description="How it ended.")
    verdict: Text | None = Field(default=None, description="The verdict in one word.")
    status: CandidateStatus | None = Field(default=None, description="Place in its life.")
    role: CandidateRole | None = Field(default=None, description="Candidate or reference phase.")
    is_flagged: bool | None = Field(default=None, description="Whether it deserves DFT.")

    @field_validator("chemsys")
    @classmethod
    def _alphabetical(cls, chemsys: str | None) -> str | None:
        """Order the elements as they are stored."""
        return None if chemsys is None else "-".join(sorted(chemsys.split("-")))

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> Self:
        for smallest, largest in RANGES.values():
            low, high = getattr(self, smallest), getattr(self, largest)
            if low is not None and high is not None and low > high:
                raise ValueError(f"{smallest} is above {largest}, so that nothing can meet both")
        return self

    def to_mongo(self) -> dict[str, Any]:
        """Return the conditions as a MongoDB filter."""
        asked = {stored: getattr(self, mine) for mine, stored in EQUAL_FIELDS.items()}
        where: dict[str, Any] = {key: {"$eq": v} for key, v in asked.items() if v is not None}
        for field, (smallest, largest) in RANGES.items():
            limits = {"$gte": getattr(self, smallest), "$lte": getattr(self, largest)}
            limits = {operator: limit for operator, limit in limits.items() if limit is not None}
            if limits:
                where[field] = limits
        if self.elements_none:
            where["elements"] = {"$not": {"$in": list(self.elements_none)}}
        sets = {"$all": _sets_of_all(self.elements_all), "$in": list(self.elements_any)}
        wanted = {operator: each for operator, each in sets.items() if each}
        return where | ({ELEMENT_SETS: wanted} if wanted else {})


def _sets_of_all(elements: tuple[str, ...]) -> list[str]:
    """The largest stored sets of some elements, which together ask for all of them."""
    asked = sorted(set(elements))
    size = min(len(asked), LARGEST_SET)
    return [each for each in element_sets(asked) if each.count("-") + 1 == size]


class CandidateSort(Part):
    """The order of candidates; those without a value come last, ties by id."""

    field: SortField = Field(default="energy_above_hull", description="What to sort by.")
    is_descending: bool = Field(default=False, description="Largest first.")

    @property
    def stored_field(self) -> str:
        """Name of the field in the database."""
        return EQUAL_FIELDS.get(self.field, self.field)
