"""What the results of a campaign do to its dft hull; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from screening.changes import changes_between
from screening.rules import FlagRule
from workflows.dft.comparing import (
    comparison_of,
    finding_of,
    moved_places,
    place_with_results,
    placed,
    twins_of,
)
from workflows.dft.resident_hulls import resident_hulls, undone
from workflows.dft.updated_reference import lowest_results, refusal_of, with_results
from workflows.keys import reference_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.documents import CampaignDoc, CandidateDoc
    from db.documents.candidate import DftFinding
    from db.documents.follow_up import Comparison, FollowUpDoc
    from screening.reference import Reference
    from workflows.dft.updated_reference import Found, StoredReference
    from workflows.judging.anew import Moved


class Results(NamedTuple):
    """What results did to the hull of a campaign.

    Attributes:
        reference: The dft reference with the results.
        found: The lowest result of each candidate.
        comparisons: What DFT made of each prediction, by name of the candidate.
        findings: What DFT found of each candidate, by name.
        places: Of candidates whose distance may have moved, by name.
        about: What is stored of it in the campaign.
    """

    reference: Reference
    found: list[Found]
    comparisons: dict[str, Comparison]
    findings: dict[str, DftFinding]
    places: dict[str, Moved]
    about: dict[str, Any]

    @property
    def of_follow_ups(self) -> dict[str, Comparison]:
        """The comparisons by the follow-up that they are of."""
        return {
            each.follow_up.follow_up_id: self.comparisons[each.material_id] for each in self.found
        }

    def is_hull_of(self, campaign: CampaignDoc) -> bool:
        """Whether the distances of a campaign are to this hull; it may have one of its own."""
        return bool(self.about["base_reference_id"] == campaign.reference_id)


def results_on_hull(
    campaign: CampaignDoc,
    base: StoredReference,
    screened: Sequence[CandidateDoc],
    follow_ups: Iterable[FollowUpDoc],
) -> Results:
    """Let results enter a reference and measure what moves.

    Args:
        campaign: The campaign.
        base: Its dft reference without any result.
        screened: All its candidates that were screened.
        follow_ups: All that it asked for.
    """
    twins = twins_of(screened)
    known = lowest_results([each for each in follow_ups if each.result], campaign.campaign_id)
    found = [each for each in known if each.material_id in twins]
    updated = with_results(base.content, campaign.campaign_id, found)
    change = changes_between(base.content, updated).phase_change
    with resident_hulls(base.content) as hulls:
        by_name = {each.material_id: each for each in screened}
        places = [placed(each, by_name[each.material_id], base.content, hulls) for each in found]
        systems = {each.chemsys for each in screened if each.chemsys}
        affected = hulls.affected_systems(change, systems)
        hulls.apply(change)
        now = [
            place_with_results(each, hulls, twins[each.material_id])
            if place.refusal is None
            else None
            for each, place in zip(found, places, strict=True)
        ]
        moved = moved_places(screened, affected, hulls, twins)
        hulls.apply(undone(change))
    keys, rule = (base.key, reference_key(updated)), FlagRule.from_dict(campaign.rule)
    rows = list(zip(found, places, now, strict=True))
    about = _about(base, updated, keys, found)
    return Results(
        reference=updated,
        found=found,
        comparisons={
            each.material_id: comparison_of(each, before, after, keys, rule)
            for each, before, after in rows
        },
        findings={
            each.material_id: finding_of(each, before, after) for each, before, after in rows
        },
        places=moved,
        about=about | {"affected_systems": sorted(affected)},
    )


def _about(
    base: StoredReference, updated: Reference, keys: tuple[str, str], found: Sequence[Found]
) -> dict[str, Any]:
    refused = {each.material_id: refusal_of(base.content, each) for each in found}
    return {
        "base_reference_id": keys[0],
        "reference_id": keys[1],
        "reference": updated.name,
        "date": updated.date,
        "num_new_phases": sum(reason is None for reason in refused.values()),
        "refused": [
            {"material_id": name, "reason": reason} for name, reason in refused.items() if reason
        ],
    }
