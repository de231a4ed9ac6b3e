"""``facet flag``, and the rule that other verbs are given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from db.client import open_database
from facet.errors import ConfigError
from screening.rule_files import load_rule
from screening.rules import FlagRule
from workflows.cli.progress import working
from workflows.cli.tables import print_json, print_table
from workflows.judging.again import flag, preview

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.judging.again import Rejudged


def asked_rule(path: Path | None, max_above_hull: float | None) -> FlagRule:
    """Return the rule that a user asks for: a file, a limit, or the one that holds for all.

    Raises:
        ConfigError: Both a file and a limit are given.
        ScreeningError: The file holds no rule.
    """
    if path is None:
        limit = max_above_hull
        return FlagRule() if limit is None else FlagRule(max_energy_above_hull=limit)
    if max_above_hull is not None:
        raise ConfigError(
            f"--max-above-hull and --rule both set the limit: write max_energy_above_hull into "
            f"{path.name} and leave --max-above-hull out."
        )
    return load_rule(path)


def run_flag(campaign_id: str, path: Path, *, is_preview: bool, as_json: bool) -> int:
    """Judge a campaign by another rule, say what changes, and return the exit code.

    Args:
        campaign_id: A screened campaign.
        path: The rule as YAML.
        is_preview: Only say what would change.
        as_json: Print one JSON document instead of a table.

    Raises:
        ScreeningError: The file holds no rule.
        MissingDocumentError: There is no such campaign.
    """
    rule = load_rule(path)
    with open_database() as database, working("judging all candidates"):
        told = (preview if is_preview else flag)(database, campaign_id, rule)
    document = {"campaign_id": campaign_id, "is_stored": not is_preview, **_plain(told)}
    if as_json:
        print_json(document)
    else:
        _print(document)
    return 0


def _plain(told: Rejudged) -> dict[str, Any]:
    return {
        "rule_before": told.rule_before,
        "rule": told.rule_after,
        "num_judged": told.num_judged,
        "num_without_evidence": told.num_without_evidence,
        "num_flagged_before": told.num_flagged[0],
        "num_flagged": told.num_flagged[1],
        "num_gained": sum(each.is_gained for each in told.changes),
        "num_lost": sum(each.is_lost for each in told.changes),
        "changes": [
            {
                "material_id": each.material_id,
                "before": each.before.value if each.before else None,
                "after": each.after.value if each.after else None,
                "why": each.why,
            }
            for each in told.changes
        ],
    }


def _print(document: dict[str, Any]) -> None:
    rows = [
        [each[key] for key in ("material_id", "before", "after", "why")]
        for each in document["changes"]
    ]
    title = f"Campaign {document['campaign_id']}: {document['rule_before']} -> {document['rule']}"
    print_table(title, ["material", "before", "after", "why"], rows)
    word = "flagged now" if document["is_stored"] else "would be flagged"
    sys.stdout.write(
        f"{document['num_judged']} candidates: {document['num_flagged_before']} were flagged, "
        f"{document['num_flagged']} {word} ({document['num_gained']} gained, "
        f"{document['num_lost']} lost).\n"
    )
    if document["num_without_evidence"]:
        sys.stdout.write(
            f"{document['num_without_evidence']} candidates were judged before evidence was "
            f"stored and are left out; without --diff they are judged too.\n"
        )
    if not document["is_stored"]:
        sys.stdout.write("Nothing was stored; leave --diff out to store it.\n")
