"""The dearest measure of all, taken of those only that a rule flags without it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from db.documents import RelaxationDoc, StructureDoc
from db.queries import documents_by_id
from screening.evidence import Evidence
from screening.gates.limits import Mode
from screening.gates.prototype import compare_prototypes
from screening.verdict import judge
from workflows.convert import structure_of
from workflows.progress import noted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from screening.gates.prototype import PrototypeChange
    from screening.rules import FlagRule
    from screening.verdict import Verdict


def asks_for_prototypes(rule: FlagRule) -> bool:
    """Whether a rule looks at prototypes at all."""
    return rule.gates.prototype.mode is not Mode.OFF


def judged_with(verdict: Verdict, change: PrototypeChange, rule: FlagRule) -> Verdict:
    """Judge a candidate again, now that it is known what became of its prototype."""
    evidence = Evidence.from_dict(verdict.values)
    return judge(replace(evidence, prototype=change), rule)


def with_prototypes(
    database: MongoDatabase,
    rows: Mapping[str, CandidateDoc],
    verdicts: Mapping[str, Verdict],
    rule: FlagRule,
) -> dict[str, Verdict]:
    """Measure prototypes of stored candidates that are flagged only now, and judge these again.

    Args:
        database: Holds the crystals.
        rows: The candidates by name.
        verdicts: On them, by the rule.
        rule: The rule.
    """
    found = dict(verdicts)
    if not asks_for_prototypes(rule):
        return found
    missing = {
        name: each
        for name, each in verdicts.items()
        if each.is_flagged and Evidence.from_dict(each.values).prototype is None
    }
    inputs = documents_by_id(
        database, StructureDoc, [str(rows[name].structure_id) for name in missing]
    )
    ends = documents_by_id(
        database, RelaxationDoc, [str(rows[name].relaxation_id) for name in missing]
    )
    asked = noted(missing.items(), "prototypes compared", len(missing))
    for (name, verdict), before, relaxed in zip(asked, inputs, ends, strict=True):
        crystals = structure_of(before.geometry), structure_of(relaxed.geometry)
        found[name] = judged_with(verdict, compare_prototypes(*crystals), rule)
    return found
