"""What a user asks of candidates; whatever the text, it stays a value and never an operator."""

from typing import Any, Literal

from pydantic import Field, field_validator

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
    "stop_reason": "stop_reason",
    "status": "status",
    "role": "role",
    "is_flagged": "is_flagged",
}


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
    max_energy_above_hull: float | None = Field(
        default=None, allow_inf_nan=False, description="Largest distance to the hull in eV/atom."
    )
    stop_reason: StopReasonName | None = Field(default=None, description="How it ended.")
    status: CandidateStatus | None = Field(default=None, description="Place in its life.")
    role: CandidateRole | None = Field(default=None, description="Candidate or reference phase.")
    is_flagged: bool | None = Field(default=None, description="Whether it deserves DFT.")

    @field_validator("chemsys")
    @classmethod
    def _alphabetical(cls, chemsys: str | None) -> str | None:
        """Order the elements as they are stored."""
        return None if chemsys is None else "-".join(sorted(chemsys.split("-")))

    def to_mongo(self) -> dict[str, Any]:
        """Return the conditions as a MongoDB filter."""
        asked = {stored: getattr(self, mine) for mine, stored in EQUAL_FIELDS.items()}
        where: dict[str, Any] = {key: {"$eq": v} for key, v in asked.items() if v is not None}
        if self.max_energy_above_hull is not None:
            where["energy_above_hull"] = {"$lte": self.max_energy_above_hull}
        elements = {
            "$all": list(self.elements_all),
            "$in": list(self.elements_any),
        }
        wanted: dict[str, Any] = {operator: each for operator, each in elements.items() if each}
        if self.elements_none:
            wanted["$not"] = {"$in": list(self.elements_none)}
        return where | ({"elements": wanted} if wanted else {})


class CandidateSort(Part):
    """The order of candidates; those without a value come last, ties by id."""

    field: Literal["energy_above_hull", "rank", "material_id"] = Field(
        default="energy_above_hull", description="What to sort by."
    )
    is_descending: bool = Field(default=False, description="Largest first.")
