"""Stored results judged by another rule; nothing is relaxed again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from db.documents import CampaignDoc
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates
from screening.evidence import Evidence
from screening.rule_diff import diff, judge_again
from workflows.comparison.disagreement import disagreements_in
from workflows.judging.prototypes import with_prototypes
from workflows.judging.stored import verdict_of
from workflows.operations.queue import stored_campaign
from workflows.progress import noted
from workflows.screen import screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from screening.rule_diff import VerdictChange
    from screening.rules import FlagRule
    from screening.verdict import Verdict


class Rejudged(NamedTuple):
    """What another rule makes of a campaign.

    Attributes:
        rule_before: Id of the rule that judged before; None where nothing was judged.
        rule_after: Id of the other rule.
        num_judged: Candidates that both judged.
        num_flagged: Flagged before, and by the other rule.
        changes: Candidates of which they think differently.
        num_without_evidence: Judged by a Facet that stored no evidence; they are not among these.
    """

    rule_before: str | None
    rule_after: str
    num_judged: int
    num_flagged: tuple[int, int]
    changes: list[VerdictChange]
    num_without_evidence: int = 0


def preview(database: MongoDatabase, campaign_id: str, rule: FlagRule) -> Rejudged:
    """Say what another rule would change; nothing is written.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    campaign = stored_campaign(database, campaign_id)
    rows = _screened(database, campaign_id)
    verdicts = {name: verdict_of(each) for name, each in rows.items()}
    before = {name: each for name, each in verdicts.items() if each is not None}
    seen = _with_disagreements(database, campaign, before)
    after = with_prototypes(database, rows, judge_again(seen, rule), rule)
    told = _compared(before, after, rule)
    return told._replace(num_without_evidence=len(rows) - len(before))


def flag(database: MongoDatabase, campaign_id: str, rule: FlagRule) -> Rejudged:
    """Let another rule judge a campaign from now on; done twice, or after a kill, it is the same.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    stored_campaign(database, campaign_id)
    before = _verdicts(_screened(database, campaign_id))
    # The rule comes first: whatever is killed behind this, the next screening goes on with it.
    database[CampaignDoc.collection].update_one(
        {"_id": campaign_id}, {"$set": {"rule": rule.to_dict()}}
    )
    screen(database, campaign_id)
    return _compared(before, _verdicts(_screened(database, campaign_id)), rule)


def _screened(database: MongoDatabase, campaign_id: str) -> dict[str, CandidateDoc]:
    where = CandidateFilter(campaign_id=campaign_id, role="candidate", status="screened")
    found = candidates(database, where, CandidateSort(field="material_id"))
    return {each.material_id: each for each in noted(found, "candidates read")}


def _with_disagreements(
    database: MongoDatabase, campaign: CampaignDoc, verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Add what comparisons have found since the verdicts, as screening again would see it."""
    known = disagreements_in(database, campaign.campaign_id, campaign.potential_fingerprint)
    found = {}
    for name, verdict in verdicts.items():
        evidence = Evidence.from_dict(verdict.values)
        seen = replace(evidence, disagreements=known.get(name, ()))
        found[name] = replace(verdict, values=seen.to_dict())
    return found


def _verdicts(rows: Mapping[str, CandidateDoc]) -> dict[str, Verdict]:
    found = {name: verdict_of(each) for name, each in rows.items()}
    return {name: each for name, each in found.items() if each is not None}


def _compared(
    before: Mapping[str, Verdict], after: Mapping[str, Verdict], rule: FlagRule
) -> Rejudged:
    rules = sorted({each.rule_id for each in before.values()})
    return Rejudged(
        rule_before=", ".join(rules) or None,
        rule_after=rule.rule_id,
        num_judged=len(before.keys() & after.keys()),
        num_flagged=(_num_flagged(before), _num_flagged(after)),
        changes=diff(before, after),
    )


def _num_flagged(verdicts: Mapping[str, Verdict]) -> int:
    return sum(each.is_flagged for each in verdicts.values())
