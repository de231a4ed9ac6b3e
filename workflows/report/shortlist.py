"""The candidates that a report shows one by one, with their crystals."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from db.documents import RelaxationDoc
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates, documents_by_id
from workflows.report.facts import volume_per_atom
from workflows.rows import candidate_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from db.documents.geometry import Geometry

MOST_ROWS = 500


class Shortlist(NamedTuple):
    """Candidates with a place on the hull, flagged ones by rank, then the others by distance.

    Attributes:
        rows: Plain values of each, energies in eV/atom.
        crystals: Their relaxed crystals by name, in angstrom.
        num_placed: How many have a place on the hull.
    """

    rows: list[dict[str, Any]]
    crystals: dict[str, Geometry]
    num_placed: int


def shortlist_of(
    database: MongoDatabase,
    campaign_id: str,
    num_placed: int,
    follow_ups: Sequence[Mapping[str, Any]],
) -> Shortlist:
    """Read the best candidates of a campaign, all that is known of each.

    Args:
        database: Holds them.
        campaign_id: The campaign.
        num_placed: How many of its candidates have a place on the hull.
        follow_ups: Rows of its DFT calculations.
    """
    chosen = list(islice(_in_order(database, campaign_id), MOST_ROWS))
    keys = sorted({str(each.relaxation_id) for each in chosen if each.relaxation_id})
    relaxations = {
        each.relaxation_id: each for each in documents_by_id(database, RelaxationDoc, keys)
    }
    rows, crystals = [], {}
    for each in chosen:
        relaxation = relaxations.get(str(each.relaxation_id))
        calculated = [row for row in follow_ups if row["material_id"] == each.material_id]
        rows.append(_row(each, relaxation, calculated))
        if relaxation is not None:
            crystals[each.material_id] = relaxation.geometry.unpack()
    return Shortlist(rows, crystals, num_placed)


def _in_order(database: MongoDatabase, campaign_id: str) -> Iterator[CandidateDoc]:
    here = CandidateFilter(campaign_id=campaign_id, role="candidate", is_flagged=True)
    yield from candidates(database, here, CandidateSort(field="rank"), MOST_ROWS)
    others = here.model_copy(update={"is_flagged": False})
    for each in candidates(database, others, limit=MOST_ROWS):
        if each.energy_above_hull is None:  # those without a place come last
            return
        yield each


def _row(
    candidate: CandidateDoc,
    relaxation: RelaxationDoc | None,
    calculated: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """All that a report says of a candidate."""
    return {
        **candidate_row(candidate),
        **_geometry_facts(relaxation),
        "gates": [each.model_dump() for each in candidate.gates],
        "hulls": {name: place.model_dump() for name, place in candidate.hulls.items()},
        "decomposition": [each.model_dump() for each in candidate.decomposes_to],
        "adjustments": [each.model_dump() for each in candidate.adjustments],
        "chances": candidate.chances.model_dump() if candidate.chances else None,
        "choice_reason": candidate.choice.reason if candidate.choice else None,
        "dft": [dict(each) for each in calculated],
    }


def _geometry_facts(relaxation: RelaxationDoc | None) -> dict[str, Any]:
    if relaxation is None:
        return {
            "initial_space_group": None, "space_group": None, "volume_per_atom": None,
            "message": None,
        }  # fmt: skip
    cell = relaxation.geometry.cell
    return {
        "initial_space_group": relaxation.initial_space_group,
        "space_group": relaxation.space_group,
        "volume_per_atom": volume_per_atom(cell, relaxation.nsites),
        "message": relaxation.message,
    }
