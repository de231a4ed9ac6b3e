"""``facet query``: which candidates are meant, and how they are shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from db.client import open_database
from db.documents import CampaignDoc
from db.errors import DbError
from db.filters import CandidateFilter, CandidateSort
from db.paging import token_after
from db.queries import (
    candidates,
    count_up_to,
    documents_by_id,
    fingerprints_like,
    known_ids,
    latest_campaign,
)
from facet.graph.elements import SYMBOLS
from workflows.cli.progress import counted
from workflows.cli.query_options import CONDITIONS
from workflows.cli.tables import print_candidates
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from workflows.export import Output

Asked = TypeVar("Asked", CandidateFilter, CandidateSort)

ROWS_OF_A_TABLE = 100
FINGERPRINT_DIGITS = 64
FEWEST_DIGITS = 8
ELEMENT_LISTS = ("elements_all", "elements_any", "elements_none")
OPTION_OF = {name: option.replace("_", "-") for option, name in CONDITIONS.items()}


@dataclass(frozen=True)
class Question:
    """Which candidates are asked for, in the words of the command line.

    Attributes:
        conditions: Fields of ``CandidateFilter``, lists of elements and formula as text; None asks
            nothing.
        potential: Fingerprint or the beginning of one.
        is_everywhere: Whether all campaigns are meant; otherwise no campaign means the latest.
        sort: Field to sort by; None means the usual one.
        is_descending: Largest first.
        limit: At most so many.
        after: Place to go on from.
    """

    conditions: Mapping[str, Any]
    potential: str | None = None
    is_everywhere: bool = False
    sort: str | None = None
    is_descending: bool = False
    limit: int | None = None
    after: str | None = None

    def filter_in(self, database: MongoDatabase) -> CandidateFilter:
        """Return the conditions, with the campaign and the potential that are meant.

        Raises:
            DbError: A condition makes no sense, or names what is not there.
        """
        asked = {name: value for name, value in self.conditions.items() if value is not None}
        if "formula" in asked:
            asked["formula"] = _as_stored(asked["formula"])
        for name in ELEMENT_LISTS:
            if name in asked:
                asked[name] = [each.strip() for each in asked[name].split(",")]
        where = _checked(CandidateFilter, asked)
        _check_elements(asked)
        changes: dict[str, Any] = {}
        if self.potential is not None:
            changes["potential_fingerprint"] = _fingerprint(database, self.potential)
        if not self.is_everywhere:
            campaign = _campaign(database, where)
            changes["campaign_id"] = campaign.campaign_id
            if changes.get("potential_fingerprint", campaign.potential_fingerprint) != (
                campaign.potential_fingerprint
            ):
                raise DbError(
                    f"Campaign {campaign.campaign_id} is of another potential; name one of its "
                    "campaigns with --campaign, or give --all-campaigns."
                )
        elif where.campaign_id is not None:
            raise DbError("Give either --campaign or --all-campaigns.")
        return where.model_copy(update=changes)

    def order(self) -> CandidateSort:
        """Return the order.

        Raises:
            DbError: There is no such order.
        """
        is_short_list = self.conditions.get("is_flagged") and not self.is_everywhere
        field = self.sort or ("rank" if is_short_list else "energy_above_hull")
        return _checked(CandidateSort, {"field": field, "is_descending": self.is_descending})


def run_query(question: Question, output: Output) -> int:
    """Show candidates that meet all conditions and return the exit code.

    Raises:
        DbError: A condition makes no sense, or there is no such campaign.
        InputError: The file cannot be written in this format.
    """
    output.check()
    order = question.order()
    limit = question.limit
    if output.format == "table":
        limit = limit or ROWS_OF_A_TABLE
    with open_database() as database:
        where = question.filter_in(database)
        rows = candidates(database, where, order, limit, after=question.after)
        if output.path is not None:
            rows = counted(rows, limit, "written")
        found = Watched(rows)
        if output.format == "table":
            _show(database, where, found)
        else:
            output.write(database, found)
    if limit is not None and found.number == limit and found.last is not None:
        sys.stderr.write(f"There may be more: add --after {token_after(found.last, order)}\n")
    return 0


class Watched:
    """Candidates on their way to the reader: how many they were, and which one came last.

    Args:
        found: The candidates.
    """

    def __init__(self, found: Iterator[CandidateDoc]) -> None:
        self._found = found
        self.number = 0
        self.last: CandidateDoc | None = None

    def __iter__(self) -> Iterator[CandidateDoc]:
        """Hand them on."""
        for each in self._found:
            self.number += 1
            self.last = each
            yield each


def _show(database: MongoDatabase, where: CandidateFilter, found: Watched) -> None:
    rows = [candidate_row(each) for each in found]
    scope = "All campaigns" if where.campaign_id is None else f"Campaign {where.campaign_id}"
    print_candidates(f"{scope}: {_how_many(database, where, len(rows))} candidates", rows)


def _how_many(database: MongoDatabase, where: CandidateFilter, num_shown: int) -> str:
    """The rows of a table, beside all that there are where those are more."""
    if num_shown < ROWS_OF_A_TABLE:
        return str(num_shown)
    count = count_up_to(database, where)
    if count.number < num_shown:  # there was no time to count
        return f"{num_shown} of many"
    return f"{num_shown} of {'' if count.is_all else 'more than '}{count.number:,}"


def _campaign(database: MongoDatabase, where: CandidateFilter) -> CampaignDoc:
    """The campaign that is asked for, or the one that was saved last."""
    if where.campaign_id is None:
        latest = latest_campaign(database)
        if latest is None:
            raise DbError("The database holds no campaign yet; run `facet screen` first.")
        return latest
    if not known_ids(database, CampaignDoc, [where.campaign_id]):
        raise DbError(
            f"The database holds no campaign {where.campaign_id}; leave --campaign out for the "
            "latest one."
        )
    return next(documents_by_id(database, CampaignDoc, [where.campaign_id]))


def _fingerprint(database: MongoDatabase, text: str) -> str:
    """The whole fingerprint that a text is the beginning of."""
    if len(text) >= FINGERPRINT_DIGITS:
        return text
    if len(text) < FEWEST_DIGITS:
        raise DbError(f"--potential {text} is too short; give {FEWEST_DIGITS} digits or more.")
    found = fingerprints_like(database, text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DbError(f"No candidate was relaxed by a potential whose fingerprint begins {text}.")
    raise DbError(f"{len(found)} potentials have fingerprints that begin {text}; give more of it.")


def _checked(kind: type[Asked], asked: Mapping[str, Any]) -> Asked:
    try:
        return kind(**asked)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise DbError(f"The conditions cannot be used: {reason}.") from error
        name = str(first["loc"][0])
        option = "sort" if name == "field" else OPTION_OF[name]
        raise DbError(f"--{option} cannot be used: {reason}.") from error


def _check_elements(asked: Mapping[str, Any]) -> None:
    """Refuse what is no element, for which nothing would be found in silence."""
    named = [each for name in ELEMENT_LISTS for each in asked.get(name, ())]
    named += asked["chemsys"].split("-") if "chemsys" in asked else []
    unknown = [each for each in named if each not in SYMBOLS[1:]]
    if unknown:
        raise DbError(f"{', '.join(map(repr, unknown))} is no element; write symbols such as Li.")


def _as_stored(formula: str) -> str:
    """A formula as it is stored: reduced, elements in the order of electronegativity."""
    from pymatgen.core.composition import Composition  # a second, spent only when asked

    try:
        composition = Composition(formula)
    except ValueError as error:
        raise DbError(f"{formula!r} is no chemical formula; write it like SrTiO3.") from error
    if not composition.valid:  # it holds what is no element
        raise DbError(f"{formula!r} is no chemical formula; write it like SrTiO3.")
    return str(composition.reduced_formula)
