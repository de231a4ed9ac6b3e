"""One candidate, put together of the documents that tell of it."""

from typing import Any

from db.campaigns import control_of
from db.client import MongoDatabase
from db.documents import CampaignDoc, CandidateDoc, PackedGeometry, RelaxationDoc, StructureDoc
from db.documents.candidate import candidate_id
from db.documents.follow_up import FollowUpDoc
from db.errors import MissingDocumentError
from db.follow_ups import follow_ups_of_candidate
from db.queries import documents_by_id, known_ids
from db.storing import blob_content
from workflows.api.models import CandidateAnswer, Crystal, Curve, RelaxationSummary
from workflows.curves import curve_points

DOTS = {"%2E": ".", "%2E%2E": ".."}


def stored_campaign(database: MongoDatabase, campaign_id: str) -> CampaignDoc:
    """Return a campaign.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    control_of(database, campaign_id)  # refuses in a sentence what is not there
    return next(documents_by_id(database, CampaignDoc, [campaign_id]))


def stored_candidate(database: MongoDatabase, campaign_id: str, material_id: str) -> CandidateDoc:
    """Return a candidate.

    Raises:
        MissingDocumentError: There is none of this name in this campaign.
    """
    keys = [candidate_id(campaign_id, name) for name in (material_id, _with_dots(material_id))]
    known = set() if "/" in campaign_id else known_ids(database, CandidateDoc, set(keys))
    if not known:
        raise MissingDocumentError(
            "There is no such candidate in such a campaign; /api/candidates lists them."
        )
    key = next(each for each in keys if each in known)
    return next(documents_by_id(database, CandidateDoc, [key]))


def _with_dots(written: str) -> str:
    """Read a name of an address in which parts of dots alone are written otherwise.

    Browsers take ``a/../b`` for ``b``, even where the dots are encoded once; so links to such a
    candidate encode them twice.
    """
    return "/".join(DOTS.get(part.upper(), part) for part in written.split("/"))


def whole_candidate(database: MongoDatabase, candidate: CandidateDoc) -> CandidateAnswer:
    """Return all that is known of a candidate."""
    relaxation = relaxation_of(database, candidate)
    rows = follow_ups_of_candidate(database, candidate.campaign_id, candidate.material_id)
    given = input_of(database, candidate)
    return CandidateAnswer(
        candidate=candidate,
        relaxation=None if relaxation is None else _summary(relaxation),
        input=None if given is None else crystal(given.geometry),
        relaxed=None if relaxation is None else crystal(relaxation.geometry),
        follow_ups=_told(rows, candidate.campaign_id) if rows else [],
    )


def relaxation_of(database: MongoDatabase, candidate: CandidateDoc) -> RelaxationDoc | None:
    """Return how a candidate was relaxed, if it was."""
    if candidate.relaxation_id is None:
        return None
    return next(documents_by_id(database, RelaxationDoc, [candidate.relaxation_id]))


def input_of(database: MongoDatabase, candidate: CandidateDoc) -> StructureDoc | None:
    """Return the crystal that was given, if it could be read."""
    if candidate.structure_id is None:
        return None
    return next(documents_by_id(database, StructureDoc, [candidate.structure_id]))


def crystal(geometry: PackedGeometry) -> Crystal:
    """Return a stored geometry as plain numbers."""
    from ase.data import chemical_symbols  # takes a moment; only crystals need it

    numbers, positions, cell, _ = geometry.unpack()
    return Crystal(
        cell=cell.tolist(),
        species=[chemical_symbols[number] for number in numbers.tolist()],
        positions=positions.tolist(),
    )


def curve_of(database: MongoDatabase, relaxation: RelaxationDoc) -> Curve | None:
    """Return what a relaxation passed, None where it was not kept."""
    content = blob_content(database, relaxation.trajectory)
    if content is not None:
        return _curve_of_trajectory(content)
    points = curve_points(relaxation)
    if not points:
        return None
    evaluation, energy, fmax = map(list, zip(*points, strict=True))
    return Curve(evaluation=evaluation, energy=energy, fmax=fmax)


def _curve_of_trajectory(content: bytes) -> Curve:
    """Return the scalars of a stored trajectory.

    Raises:
        InvalidStructure: The bytes are no trajectory.
    """
    from facet.relaxation.trajectory import SCALARS, Trajectory  # torch, seconds

    columns: list[list[Any]] = Trajectory.from_bytes(content).scalars.T.tolist()
    finite = [[each if abs(each) < float("inf") else None for each in one] for one in columns]
    evaluation = list(range(len(finite[0])))
    return Curve(evaluation=evaluation, **dict(zip(SCALARS, finite, strict=True)))


def _told(follow_ups: list[FollowUpDoc], campaign_id: str) -> list[dict[str, Any]]:
    from workflows.dft.rows import follow_up_row  # seconds, spent where there is something to tell

    return [follow_up_row(each, campaign_id) for each in follow_ups]


def _summary(relaxation: RelaxationDoc) -> RelaxationSummary:
    fields = {name: getattr(relaxation, name) for name in RelaxationSummary.model_fields}
    return RelaxationSummary(**fields)
