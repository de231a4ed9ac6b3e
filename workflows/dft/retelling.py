"""What changes in candidates and campaign once DFT has taught something."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from db.documents import CandidateOutcome
from screening.budget import Role
from workflows.judging.overview import spent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from db.documents import CampaignDoc, CandidateDoc
    from db.documents.candidate import DftFinding
    from workflows.dft.moving import Results

VERDICT = "verdict_"
"""Begins the counts of a campaign by verdict."""


def with_findings(
    rows: Iterable[CandidateDoc], findings: Mapping[str, DftFinding]
) -> list[CandidateDoc]:
    """Return candidates with what DFT found of them, and without where it found nothing."""
    return [each.model_copy(update={"dft": findings.get(each.material_id)}) for each in rows]


def changed_outcomes(
    before: Sequence[CandidateDoc], after: Sequence[CandidateDoc]
) -> Iterator[tuple[str, CandidateOutcome]]:
    """Yield what changed of each candidate whose document is not what it was."""
    names = CandidateOutcome.model_fields
    for old, new in zip(before, after, strict=True):
        changed = {name: getattr(new, name) for name in names if _differ(old, new, name)}
        if changed:
            yield new.candidate_id, CandidateOutcome(**changed)


def retold(
    campaign: CampaignDoc, rows: Iterable[CandidateDoc], results: Results | None
) -> dict[str, Any]:
    """Return the fields of a campaign that tell of verdicts, choices and its dft hull.

    Args:
        campaign: As it was screened.
        rows: All its screened candidates as they are judged now.
        results: What DFT did to its reference.
    """
    judged = [each for each in rows if each.verdict is not None]
    verdicts = Counter(str(each.verdict) for each in judged)
    kept = {key: value for key, value in campaign.counts.items() if not key.startswith(VERDICT)}
    flagged = {"flagged": sum(bool(each.is_flagged) for each in judged)}
    by_verdict = {f"{VERDICT}{name}": number for name, number in sorted(verdicts.items())}
    told: dict[str, Any] = {"counts": {**kept, **flagged, **by_verdict}}
    screening: Any = campaign.summary.get("screening")
    if screening:
        told["summary.screening.choices"] = {
            role.value: spent(role, judged) for role in (Role.CHOSEN, Role.DRAWN)
        }
    if results is not None and results.is_hull_of(campaign):
        told["counts"] |= {
            "reference_phases": len(results.reference.phases),
            "reference_phases_omitted": len(results.reference.omitted),
        }
        told["summary.hull"] = results.reference.description
        if screening:
            told["summary.screening.hulls.dft.num_phases"] = len(results.reference.phases)
    return told


def _differ(old: CandidateDoc, new: CandidateDoc, name: str) -> bool:
    first, second = getattr(old, name), getattr(new, name)
    if first is second or first == second:
        return False
    return not isinstance(first, dict) or _with_lists(first) != _with_lists(second)


def _with_lists(value: Any) -> Any:  # noqa: ANN401 (JSON of any depth)
    """Plain data as MongoDB gives it back, which knows no tuples."""
    if isinstance(value, dict):
        return {key: _with_lists(each) for key, each in value.items()}
    return [_with_lists(each) for each in value] if isinstance(value, list | tuple) else value
