"""What a request for structures asks, as OPTIMADE names it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from optimade.exceptions import BadRequest, NotImplementedResponse
from pydantic import BaseModel, ConfigDict, Field

from workflows.api.optimade.properties import PREFIX, SERVED, SORTABLE, known_to_optimade
from workflows.api.optimade.structures import EVERYTHING

MOST_SKIPPED = 10_000
USUAL_PAGE = 20
BY_ID = (("_id", 1),)
ELSEWHERE_IN_THE_STANDARD = frozenset({"page_number", "page_cursor", "page_below"})


class SingleParameters(BaseModel):
    """The query of one structure; parameters of other providers are let through."""

    model_config = ConfigDict(frozen=True, extra="allow")

    response_format: str = Field(default="json", description="Always json.")
    response_fields: str | None = Field(
        default=None, description="Names of attributes, with commas between."
    )
    include: str = Field(default="", description="Related entries; there are none.")
    email_address: str = Field(default="", description="Of who asks; not kept.")
    api_hint: str = Field(default="", description="Version that the client knows.")


class ListingParameters(SingleParameters):
    """The query of the list of structures."""

    filter: str | None = Field(
        default=None, description='Conditions, e.g. elements HAS ALL "Li","O".'
    )
    sort: str | None = Field(
        default=None, description="A sortable property; with - before it, descending."
    )
    page_limit: int = Field(default=USUAL_PAGE, ge=1, le=500, description="At most so many.")
    page_offset: int = Field(
        default=0, ge=0, le=MOST_SKIPPED, description="Leave out so many before."
    )
    page_above: str | None = Field(
        default=None, description="Go on after this id, in the order of ids."
    )


@dataclass(frozen=True)
class Single:
    """What is asked of one structure.

    Attributes:
        fields: Attributes to return.
        warnings: What was asked for and is not known here, one sentence each.
    """

    fields: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Listing(Single):
    """What is asked of the list.

    Attributes:
        filter: Text of the filter.
        order: Fields of candidates and directions.
        limit: At most so many.
        offset: Leave out so many before.
        above: Go on after this id.
    """

    filter: str | None
    order: tuple[tuple[str, int], ...]
    limit: int
    offset: int
    above: str | None


def single(request: Request, given: SingleParameters) -> Single:
    """Read what is asked of one structure.

    Raises:
        BadRequest: It makes no sense.
    """
    warnings = _only_known(request, given)
    if given.response_format != "json":
        raise BadRequest("The only response_format is json.")
    if given.include not in ("", "references"):
        raise BadRequest("No related entries can be included; leave include out.")
    fields, more = _attributes(given.response_fields)
    return Single(fields, (*warnings, *more))


def listing(request: Request, given: ListingParameters) -> Listing:
    """Read what is asked of the list of structures.

    Raises:
        BadRequest: It makes no sense.
    """
    common = single(request, given)
    order = _order(given.sort)
    if given.page_above is not None and order != BY_ID:
        raise BadRequest("page_above goes with the order by id; leave sort out or use page_offset.")
    return Listing(
        common.fields,
        common.warnings,
        given.filter,
        order,
        given.page_limit,
        given.page_offset,
        given.page_above,
    )


def _only_known(request: Request, given: SingleParameters) -> list[str]:
    """Refuse parameters that nobody knows; of other providers, say that they do nothing."""
    if any("=" not in each for each in request.url.query.split("&") if each):
        raise BadRequest("A query parameter needs an equal sign and a value.")
    warnings = []
    for name in given.model_extra or {}:
        if name in ELSEWHERE_IN_THE_STANDARD:
            raise NotImplementedResponse(f"{name} is not supported; use page_above or page_offset.")
        if not name.startswith("_") or name.startswith(f"_{PREFIX}_"):
            raise BadRequest(f"There is no query parameter {name[:100]!r}; leave it out.")
        warnings.append(f"The query parameter {name[:100]} is unknown here and was not used.")
    return warnings


def _attributes(text: str | None) -> tuple[tuple[str, ...], list[str]]:
    """Names of attributes to return, and warnings for those that nobody knows."""
    if not text:
        return EVERYTHING, []
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    warnings = []
    for name in names:
        if name in SERVED or name in known_to_optimade():
            continue
        if not name.startswith("_") or name.startswith(f"_{PREFIX}_"):
            raise BadRequest(f"There is no property {name[:100]!r}; see /info/structures.")
        warnings.append(f"The property {name[:100]} is unknown here, so that it is null.")
    return names, warnings


def _order(text: str | None) -> tuple[tuple[str, int], ...]:
    """Fields and directions to sort by, ties by id."""
    if not text:
        return BY_ID
    name = text.removeprefix("-")
    if "," in name:
        raise NotImplementedResponse("Sort by one property at a time.")
    if name not in SORTABLE:
        raise BadRequest(f"{name[:100]!r} is not sortable; these are: {', '.join(SORTABLE)}.")
    direction = -1 if text.startswith("-") else 1
    fields = dict.fromkeys((SORTABLE[name], "_id"))
    return tuple((field, direction) for field in fields)


def changed(query: str, **values: Any) -> str:  # noqa: ANN401 (text or number)
    """Return the text of a query with some of its values changed; None leaves one out."""
    kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k not in values]
    return urlencode([*kept, *((k, v) for k, v in values.items() if v is not None)])
