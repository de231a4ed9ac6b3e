"""Candidates judged anew from what is stored, because DFT moved a hull or taught what errors are.

What comes out is what screening the campaign again would say of them, without looking at a
crystal again: nothing that DFT taught changes what was measured of the crystals themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from screening.evidence import Evidence
from screening.hull_distances import HullName
from screening.schemes import MP2020
from screening.trust import uncertainty_by
from screening.verdict import judge
from workflows.judging.prototypes import asks_for_prototypes, judged_with, with_prototypes
from workflows.judging.stored import (
    distance_fields,
    evidence_at_place,
    hull_place,
    verdict_fields,
)
from workflows.judging.uncertainty import NO_MEMBERS, known_errors
from workflows.judging.worth import Weighed, worths
from workflows.progress import noted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from screening.hull import HullDistance
    from screening.rules import FlagRule
    from screening.verdict import Verdict
    from workflows.dft.moving import Results
    from workflows.judging.uncertainty import KnownErrors


class Moved(NamedTuple):
    """Where a candidate lies on the dft hull now.

    Attributes:
        distance: The distance, and what it decomposes to.
        version: Of all that the distance depends on.
    """

    distance: HullDistance
    version: str


class News(NamedTuple):
    """What DFT taught since candidates were judged.

    Attributes:
        places: Of candidates whose hull may have moved, by name; it is the hull of the headline.
        errors: What is known of the errors of distances.
        description: The words that complete "27 meV/atom above ..."; None where they stay.
    """

    places: Mapping[str, Moved]
    errors: KnownErrors
    description: str | None = None


def news_of(campaign: CampaignDoc, results: Results | None) -> News:
    """Return what DFT taught of a campaign.

    Args:
        campaign: With what was learned in its summary.
        results: On the hull that its distances are to; None where that is another hull.
    """
    headline = HullName.DFT if campaign.reference_scheme == MP2020 else HullName.OWN
    errors = known_errors(campaign, headline, ())
    if results is None:
        return News({}, errors)
    return News(results.places, errors, results.reference.description)


def judged_anew(
    database: MongoDatabase, rows: Sequence[CandidateDoc], news: News, rule: FlagRule, seed: str
) -> list[CandidateDoc]:
    """Return candidates as the rule judges them now; nothing is written.

    One that was judged before evidence was stored only moves; screening judges it.

    Args:
        database: Holds the crystals, should prototypes have to be compared.
        rows: All screened candidates of a campaign.
        news: What DFT taught.
        rule: The rule of the campaign.
        seed: Of the lot; the campaign's id.
    """
    moved = [_moved(each, news) for each in rows]
    by_name = {each.material_id: each for each in moved if each.evidence is not None}
    verdicts = _verdicts(database, by_name, news, rule)
    known = worths([_weighed(by_name[name], verdicts[name]) for name in by_name], rule, seed)
    judged = {
        name: row.model_copy(update=verdict_fields(verdicts[name], known[name]))
        for name, row in by_name.items()
    }
    return [judged.get(each.material_id, each) for each in moved]


def _moved(row: CandidateDoc, news: News) -> CandidateDoc:
    """Return a candidate at its new place."""
    place = news.places.get(row.material_id)
    if place is None:
        return row
    fields = distance_fields(place.distance)
    if row.hulls:
        dft = hull_place(place.distance, place.version)
        fields["hulls"] = {**row.hulls, HullName.DFT.value: dft}
    return row.model_copy(update=fields)


def _verdicts(
    database: MongoDatabase, rows: Mapping[str, CandidateDoc], news: News, rule: FlagRule
) -> dict[str, Verdict]:
    """Judge candidates that have evidence; prototypes count for those flagged without them."""
    verdicts, prototypes = {}, {}
    for name, row in noted(rows.items(), "candidates judged", len(rows)):
        evidence = _evidence(row, news)
        prototypes[name] = evidence.prototype
        verdicts[name] = judge(replace(evidence, prototype=None), rule)
    if asks_for_prototypes(rule):
        verdicts |= {
            name: judged_with(verdict, known, rule)
            for name, verdict in verdicts.items()
            if verdict.is_flagged and (known := prototypes[name]) is not None
        }
    return with_prototypes(database, rows, verdicts, rule)


def _evidence(row: CandidateDoc, news: News) -> Evidence:
    """Return the evidence on a candidate with what DFT taught."""
    evidence = Evidence.from_dict(row.evidence or {})
    changes: dict[str, Any] = {}
    if news.description is not None:
        changes["hull_description"] = news.description
    if evidence.energy_above_hull is not None:
        changes |= _error(evidence, news.errors)
    changed = replace(evidence, **changes)
    return evidence_at_place(changed, row) if row.material_id in news.places else changed


def _error(evidence: Evidence, errors: KnownErrors) -> dict[str, Any]:
    """Say what the spread that was measured is worth now."""
    if errors.calibration is None:
        return {"uncertainty": None, "no_uncertainty": errors.reason}
    known = uncertainty_by(errors.calibration, evidence.spread, errors.source)
    reason = evidence.no_uncertainty or NO_MEMBERS
    return {"uncertainty": known, "no_uncertainty": None if known else reason}


def _weighed(row: CandidateDoc, verdict: Verdict) -> Weighed:
    return Weighed(
        row.material_id, row.chemsys or "", verdict, row.energy_above_hull, row.core_hours
    )
