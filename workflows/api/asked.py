"""Which candidates a request means: conditions and orders of ``db.filters``, as parameters."""

from collections.abc import Mapping

from pydantic import Field, field_validator, model_validator

from db.documents.fields import Text
from db.filters import CandidateFilter, CandidateSort, SortField

LONGEST_FORMULA = 200


class CandidatesMeant(CandidateFilter):
    """Conditions that candidates must all meet; a list takes its name again or a comma."""

    formula: Text | None = Field(
        default=None,
        max_length=LONGEST_FORMULA,
        description="Its formula, reduced or not, elements in any order.",
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, given: object) -> object:
        """Take a parameter without a value for one that was not sent, as forms send open fields."""
        if not isinstance(given, Mapping):
            return given
        return {name: each for name, each in given.items() if each not in ("", [""])}

    @field_validator("formula")
    @classmethod
    def _as_stored(cls, formula: str | None) -> str | None:
        """Reduce a formula and order it by electronegativity, as it is stored."""
        return None if formula is None else stored_formula(formula)

    @field_validator("elements_all", "elements_any", "elements_none", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        """Read ``Li,O`` like two values."""
        if not isinstance(given, list | tuple):
            return given
        parts = [part for each in given for part in (each.split(",") if each else ())]
        return [part.strip() for part in parts]

    @property
    def where(self) -> CandidateFilter:
        """The conditions alone."""
        fields = {name: getattr(self, name) for name in CandidateFilter.model_fields}
        return CandidateFilter.model_construct(**fields)


class PageMeant(CandidatesMeant):
    """A page of candidates in an order."""

    sort: SortField = Field(default="energy_above_hull", description="What to sort by.")
    descending: bool = Field(default=False, description="Largest first.")
    limit: int = Field(default=100, ge=1, le=5000, description="At most so many.")
    after: str | None = Field(
        default=None, description="Go on from here: what the page before told as `next`."
    )

    @property
    def order(self) -> CandidateSort:
        """The order alone."""
        return CandidateSort(field=self.sort, is_descending=self.descending)


def stored_formula(formula: str) -> str:
    """Return a formula as it is stored.

    Raises:
        ValueError: It is no formula.
    """
    from pymatgen.core.composition import Composition  # a second, spent when first asked

    from screening.formulas import pretty_formula

    try:
        composition = Composition(formula)
        if composition.num_atoms > 0:
            return pretty_formula(composition)
    except (ValueError, ArithmeticError, LookupError, TypeError):
        pass
    raise ValueError("it is no chemical formula; write it like SrTiO3")
