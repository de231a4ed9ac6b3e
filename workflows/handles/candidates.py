"""Candidates of a campaign that are read when somebody looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pymatgen.core.composition import Composition

from db.blocks import blocks
from db.documents import RelaxationDoc
from db.errors import DbError
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates, count_candidates, documents_by_id
from workflows.convert import structure_of
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandas import DataFrame  # type: ignore[import-untyped]  # pandas ships no types
    from pymatgen.core.structure import Structure

    from db.documents import CandidateDoc
    from workflows.handles.session import Session

AT_A_TIME = 200
ROWS_SHOWN = 10
COLUMNS_SHOWN = (
    "rank",
    "formula_pretty",
    "space_group_number",
    "energy_above_hull",
    "p_stable",
    "verdict",
)


class Candidates:
    """Candidates that meet some conditions, in order.

    Nothing is read before it is asked for, and everything is read anew each time: a campaign that
    is still running shows what it has by then.

    Args:
        session: The open database.
        where: Conditions.
        sort: Order.
        limit: At most so many.
    """

    def __init__(
        self, session: Session, where: CandidateFilter, sort: CandidateSort, limit: int | None
    ) -> None:
        self._session = session
        self._where = where
        self._sort = sort
        self._limit = limit

    def __iter__(self) -> Iterator[CandidateDoc]:
        """Yield the document of each candidate, energies in eV/atom.

        Raises:
            DbError: The order makes no sense for these conditions.
        """
        return self._read(self._limit)

    def __len__(self) -> int:
        number = self._count()
        return number if self._limit is None else min(number, self._limit)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that ``facet query --json`` prints, energies in eV/atom."""
        return [candidate_row(each) for each in self]

    def to_pandas(self) -> DataFrame:
        """Return a table with one row for each candidate, indexed by ``material_id``.

        Columns are those of ``facet query --json``: energies in eV/atom, ``fmax`` in eV/angstrom,
        ``smax`` in GPa.
        """
        return _table(self.rows())

    def structures(self) -> Iterator[Structure]:
        """Yield the relaxed crystals, a few hundred in memory at a time.

        Each carries its row in ``properties``; those without a relaxed crystal are left out.
        """
        for block in blocks(self, AT_A_TIME):
            keys = sorted({each.relaxation_id for each in block if each.relaxation_id is not None})
            with self._session.asking() as database:
                stored = list(documents_by_id(database, RelaxationDoc, keys))
            relaxed = {each.relaxation_id: each for each in stored}
            for each in block:
                if each.relaxation_id is not None:
                    structure = structure_of(relaxed[each.relaxation_id].geometry)
                    structure.properties = candidate_row(each)
                    yield structure

    def __repr__(self) -> str:
        asked = {**self._where.model_dump(exclude_defaults=True)}
        asked.pop("campaign_id", None)
        asked.pop("role", None)
        conditions = ", ".join(f"{name}={value!r}" for name, value in asked.items())
        return f"<{len(self)} candidates{f' with {conditions}' if conditions else ''}>"

    def _repr_html_(self) -> str:
        """The first rows as a table; pandas escapes whatever users wrote."""
        number = len(self)
        shown = [candidate_row(each) for each in self._read(min(number, ROWS_SHOWN))]
        table = _table(shown)[list(COLUMNS_SHOWN)]
        more = f"<p>{len(shown)} of {number:,} candidates</p>"
        return f"{table.to_html(escape=True, na_rep='')}{more}"

    def _count(self) -> int:
        with self._session.asking() as database:
            return count_candidates(database, self._where)

    def _read(self, limit: int | None) -> Iterator[CandidateDoc]:
        with self._session.asking() as database:
            yield from candidates(database, self._where, self._sort, limit)


def _table(rows: list[dict[str, Any]]) -> DataFrame:
    """Make a table of rows; one without rows has the columns too."""
    import pandas as pd  # half a second that few scripts need

    from db.documents import CandidateDoc, Origin

    blank = CandidateDoc(campaign_id="c", material_id="m", origin=Origin(file="f", index=0))
    table = pd.DataFrame(rows, columns=list(candidate_row(blank)))
    return table.set_index("material_id")


def filter_of(campaign_id: str, conditions: Mapping[str, Any]) -> CandidateFilter:
    """Return conditions on the candidates of a campaign; whatever they hold stays a value.

    Args:
        campaign_id: The campaign.
        conditions: Fields of ``CandidateFilter``; a formula may be written in any way.

    Raises:
        DbError: There is no such condition, or it cannot be met.
    """
    asked = {"role": "candidate"} | dict(conditions) | {"campaign_id": campaign_id}
    if asked.get("formula") is not None:
        asked["formula"] = _as_stored(asked["formula"])
    try:
        return CandidateFilter(**asked)
    except ValidationError as error:
        raise _mistake(error) from error


def sort_of(field: str, *, is_descending: bool) -> CandidateSort:
    """Return an order.

    Raises:
        DbError: There is no such order.
    """
    try:
        return CandidateSort.model_validate({"field": field, "is_descending": is_descending})
    except ValidationError as error:
        raise _mistake(error) from error


def _mistake(error: ValidationError) -> DbError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "The conditions"
    if first["type"] == "extra_forbidden":
        known = sorted(set(CandidateFilter.model_fields) - {"campaign_id"})
        return DbError(f"{name!r} is no condition; choose from {', '.join(known)}.")
    return DbError(f"{name} cannot be used: {first['msg']}.")


def _as_stored(formula: str) -> str:
    """Write a formula as it is stored: reduced, elements in the order of electronegativity."""
    try:
        return str(Composition(formula).reduced_formula)
    except (ValueError, TypeError, AttributeError) as error:
        raise DbError(f"{formula!r} is no chemical formula; write it like SrTiO3.") from error
