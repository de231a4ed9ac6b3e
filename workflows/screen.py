"""Jobs that turn relaxed crystals into verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jobflow import job

from db.client import open_database
from db.documents import CampaignDoc, CandidateOutcome
from db.follow_ups import count_results
from db.queries import documents_by_id
from db.writes import save_campaign, update_candidates
from screening.rules import FlagRule
from workflows.convert import relaxed_outcome
from workflows.dft.loop import bring_up_to_date
from workflows.dft.turns import alone
from workflows.findings import relaxed_crystals, set_aside
from workflows.judging.judged import judged
from workflows.judging.overview import overview
from workflows.judging.stored import judged_outcome
from workflows.judging.surroundings import surroundings_of
from workflows.judging.worth import weighed, worths
from workflows.makers import FrozenMaker
from workflows.progress import noted
from workflows.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from db.client import MongoDatabase
    from workflows.findings import Finding, Relaxed
    from workflows.judging.surroundings import Surroundings
    from workflows.judging.worth import Worth

SET_ASIDE = (
    "Its relaxation was set aside after workers were lost that held it alone or among few; "
    "`facet retry --status set_aside` tries it again."
)


SECONDS_TO_WAIT = 900.0
"""Longer than an update waits: results come in by the hundred, and a screening is a long way."""


FINDINGS_PER_TURN = 1000


class _Screened(NamedTuple):
    """What screening found.

    Attributes:
        findings: Of the candidates.
        worths: Of these, by name.
        phases: The relaxed reference crystals.
        around: What the candidates were measured against.
    """

    findings: list[Finding]
    worths: dict[str, Worth]
    phases: list[Relaxed]
    around: Surroundings


@dataclass
class ScreenMaker(FrozenMaker):
    """Measure every relaxed candidate of a campaign against its hulls and judge it."""

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
    """Screen a campaign and store verdicts, ranks, counts and summary.

    Where DFT has found something already, what it taught is brought up to date in the same turn.
    """
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    crystals = list(relaxed_crystals(database, campaign))
    update_candidates(database, _relaxed_outcomes(crystals))
    update_candidates(database, _set_aside_outcomes(database, campaign))
    screened = _screened(database, campaign, crystals)
    if not count_results(database, campaign_id):
        return _stored(database, campaign, screened)
    with alone(database, campaign_id, SECONDS_TO_WAIT) as go_on:
        # Who updated meanwhile left a newer summary, and this would put the old one in its place.
        (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
        _stored(database, campaign, screened, go_on)
        go_on()
        bring_up_to_date(database, campaign_id, go_on)
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    return campaign


def _screened(
    database: MongoDatabase, campaign: CampaignDoc, crystals: Sequence[Relaxed]
) -> _Screened:
    """Judge the candidates of a campaign; nothing is written but its own reference."""
    phases = [each for each in crystals if each.candidate.role == "reference"]
    candidates = [each for each in crystals if each.candidate.role == "candidate"]
    around = surroundings_of(database, campaign, phases)
    rule = FlagRule.from_dict(campaign.rule)
    findings = judged(database, candidates, around, rule)
    rows = [weighed(each, rule) for each in findings]
    return _Screened(findings, worths(rows, rule, campaign.campaign_id), phases, around)


def _stored(
    database: MongoDatabase,
    campaign: CampaignDoc,
    screened: _Screened,
    go_on: Callable[[], None] | None = None,
) -> CampaignDoc:
    """Write what was found, and return the campaign with it."""
    findings, around = screened.findings, screened.around
    outcomes = _screened_outcomes(findings, screened.worths, go_on or _nobody_waits)
    update_candidates(database, outcomes)
    finished = summarize(database, campaign, findings, screened.phases, around.hulls)
    about = overview(findings, screened.worths, around)
    summary = {**finished.summary, "screening": about}
    finished = finished.model_copy(update={"summary": summary})
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


def _screened_outcomes(
    findings: Sequence[Finding], known: Mapping[str, Worth], go_on: Callable[[], None]
) -> Iterator[tuple[str, CandidateOutcome]]:
    for number, each in enumerate(noted(findings, "verdicts stored", len(findings))):
        if number % FINDINGS_PER_TURN == 0:
            go_on()  # a large campaign is written for longer than a turn lasts
        outcome = judged_outcome(each, known[each.material_id])
        yield each.relaxed.candidate.candidate_id, outcome


def _nobody_waits() -> None:
    """Stay alone where no turn is taken, because there is no DFT yet that others could bring."""
