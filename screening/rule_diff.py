"""What another rule would change, told from verdicts alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from screening.evidence import Evidence
from screening.verdict import Verdict, VerdictStatus, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from screening.rules import FlagRule


@dataclass(frozen=True)
class VerdictChange:
    """A candidate of which two rules think differently.

    Attributes:
        material_id: The candidate.
        before: Its status by the old rule, None where it was not judged.
        after: Its status by the new rule, None where it was not judged.
        why: The sentence of the new verdict that decides; of the old one where it is gone.
    """

    material_id: str
    before: VerdictStatus | None
    after: VerdictStatus | None
    why: str

    @property
    def is_gained(self) -> bool:
        """Whether it is flagged only now."""
        return self.after is VerdictStatus.FLAGGED and self.before is not VerdictStatus.FLAGGED

    @property
    def is_lost(self) -> bool:
        """Whether it is flagged no more."""
        return self.before is VerdictStatus.FLAGGED and self.after is not VerdictStatus.FLAGGED


def judge_again(verdicts: Mapping[str, Verdict], rule: FlagRule) -> dict[str, Verdict]:
    """Judge the evidence of stored verdicts by another rule; nothing is measured again.

    Args:
        verdicts: Verdicts by id, each with the values that it rests on.
        rule: The other rule.
    """
    return {
        name: judge(Evidence.from_dict(verdict.values), rule) for name, verdict in verdicts.items()
    }


def diff(old: Mapping[str, Verdict], new: Mapping[str, Verdict]) -> list[VerdictChange]:
    """Tell whose status changes, and why.

    Args:
        old: Verdicts of one rule by id.
        new: Verdicts of another.

    Returns:
        Changes: newly flagged, flagged no more, then the others; each by id.
    """
    changes = (
        _change(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())
    )
    found = [each for each in changes if each.before is not each.after]
    return sorted(found, key=lambda each: (not each.is_gained, not each.is_lost, each.material_id))


def _change(name: str, before: Verdict | None, after: Verdict | None) -> VerdictChange:
    decisive = after or before
    return VerdictChange(
        material_id=name,
        before=before.status if before else None,
        after=after.status if after else None,
        why=decisive.reasons[0] if decisive and decisive.reasons else "",
    )
