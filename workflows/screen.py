"""Jobs that turn relaxed crystals into verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobflow import job

from db.client import open_database
from db.documents import CampaignDoc, CandidateOutcome
from db.queries import documents_by_id
from db.writes import save_campaign, update_candidates
from screening.hull import Hulls
from screening.rank import rank
from screening.rules import FlagRule
from workflows.competitors import reference_for
from workflows.convert import relaxed_outcome, screened_outcome
from workflows.findings import judged, relaxed_crystals, set_aside
from workflows.makers import FrozenMaker
from workflows.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.client import MongoDatabase
    from workflows.findings import Finding, Relaxed

SET_ASIDE = (
    "Its relaxation was set aside after workers were lost that held it alone or among few; "
    "`facet retry --status set_aside` tries it again."
)


@dataclass
class ScreenMaker(FrozenMaker):
    """Measure every relaxed candidate of a campaign against its hull and judge it."""

    name: str = "screen"

    @job
    def make(self, campaign_id: str, shards: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Screen a campaign whose crystals are relaxed; screening again changes nothing.

        Args:
            campaign_id: The campaign.
            shards: Summaries of its relaxation jobs, so that this job waits for them.

        Returns:
            The campaign's counts, and how many crystals the relaxation jobs relaxed.
        """
        with open_database() as database:
            counts = screen(database, campaign_id).counts
        num_relaxed = sum(each["num_relaxed"] for each in shards or [])
        return {"campaign_id": campaign_id, "num_relaxed": num_relaxed, "counts": counts}


def screen(database: MongoDatabase, campaign_id: str) -> CampaignDoc:
    """Screen a campaign and store verdicts, ranks, counts and summary."""
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    crystals = list(relaxed_crystals(database, campaign))
    update_candidates(database, _relaxed_outcomes(crystals))
    update_candidates(database, _set_aside_outcomes(database, campaign))
    phases = [each for each in crystals if each.candidate.role == "reference"]
    hulls = Hulls(reference_for(database, campaign, phases))
    findings = judged(
        [each for each in crystals if each.candidate.role == "candidate"],
        hulls,
        FlagRule.from_dict(campaign.rule),
    )
    update_candidates(database, _screened_outcomes(findings))
    finished = summarize(database, campaign, findings, phases, hulls)
    save_campaign(database, finished)
    return finished


def _relaxed_outcomes(crystals: Sequence[Relaxed]) -> Iterator[tuple[str, CandidateOutcome]]:
    for each in crystals:
        if each.candidate.status in ("pending", "set_aside"):
            yield each.candidate.candidate_id, relaxed_outcome(each.relaxation)


def _set_aside_outcomes(
    database: MongoDatabase, campaign: CampaignDoc
) -> Iterator[tuple[str, CandidateOutcome]]:
    for candidate in set_aside(database, campaign):
        yield candidate.candidate_id, CandidateOutcome(status="set_aside", reasons=(SET_ASIDE,))


def _screened_outcomes(findings: Sequence[Finding]) -> Iterator[tuple[str, CandidateOutcome]]:
    ranks = {each.material_id: place for place, each in enumerate(rank(findings), start=1)}
    for each in findings:
        outcome = screened_outcome(
            each.relaxed.energy,
            each.distance,
            each.verdict,
            each.duplicate_of,
            ranks.get(each.material_id),
        )
        yield each.relaxed.candidate.candidate_id, outcome
