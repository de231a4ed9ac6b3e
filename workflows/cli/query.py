"""``facet query``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from db.client import open_database
from db.documents import CampaignDoc
from db.errors import DbError
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates, known_ids, latest_campaign
from workflows.cli.tables import print_candidates, print_json
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase


def run_query(conditions: Mapping[str, Any], *, limit: int | None, as_json: bool) -> int:
    """Print candidates that meet all conditions and return the exit code.

    Args:
        conditions: Fields of ``CandidateFilter``; without a campaign the latest one is meant.
        limit: Print at most this many.
        as_json: Print a JSON list instead of a table.

    Raises:
        DbError: A condition makes no sense, or there is no such campaign.
    """
    asked = {name: value for name, value in conditions.items() if value is not None}
    if "formula" in asked:
        asked["formula"] = _as_stored(asked["formula"])
    where = _filter({"role": "candidate", **asked})
    with open_database() as database:
        campaign_id = _campaign_id(database, where)
        where = where.model_copy(update={"campaign_id": campaign_id})
        order = CandidateSort(field="rank" if where.is_flagged else "energy_above_hull")
        rows = [candidate_row(each) for each in candidates(database, where, order, limit)]
    if as_json:
        print_json(rows)
    else:
        print_candidates(f"Campaign {where.campaign_id}: {len(rows)} candidates", rows)
    return 0


def _campaign_id(database: MongoDatabase, where: CandidateFilter) -> str:
    """The campaign that is asked for, or the one that was saved last."""
    if where.campaign_id is None:
        latest = latest_campaign(database)
        if latest is None:
            raise DbError("The database holds no campaign yet; run `facet screen` first.")
        return latest.campaign_id
    if not known_ids(database, CampaignDoc, [where.campaign_id]):
        raise DbError(
            f"The database holds no campaign {where.campaign_id}; leave --campaign out for the "
            "latest one."
        )
    return where.campaign_id


def _filter(asked: Mapping[str, Any]) -> CandidateFilter:
    try:
        return CandidateFilter(**asked)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DbError(f"--{first['loc'][0]} cannot be used: {first['msg']}.") from error


def _as_stored(formula: str) -> str:
    """A formula as it is stored: reduced, elements in the order of electronegativity."""
    from pymatgen.core.composition import Composition  # a second, spent only when asked

    try:
        return str(Composition(formula).reduced_formula)
    except ValueError as error:
        raise DbError(f"{formula!r} is no chemical formula; write it like SrTiO3.") from error
