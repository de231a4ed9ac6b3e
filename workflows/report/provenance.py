"""Where the numbers of a report come from, so that they can be made again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from screening.rule_files import rule_text
from screening.rules import FlagRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from db.documents import CampaignDoc
    from workflows.report.facts import Fact


def provenance_of(
    campaign: CampaignDoc, facts: Iterable[Fact], reference: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Say with what, how and when a campaign was computed.

    Args:
        campaign: It.
        facts: Its candidates.
        reference: Its reference, without the phases.
    """
    relaxed = [each.relaxed for each in facts if each.relaxed]
    versions = {
        tuple(sorted((str(name), str(value)) for name, value in each.versions.items()))
        for each in relaxed
    }
    rule = FlagRule.from_dict(campaign.rule)
    return {
        "source": campaign.source,
        "potential": campaign.potential_name,
        "potential_fingerprint": campaign.potential_fingerprint,
        "energy_scheme": campaign.energy_scheme,
        "relax_settings": campaign.relax_settings,
        "versions": [dict(each) for each in sorted(versions)],
        "devices": dict(sorted(Counter(each.device for each in relaxed).items())),
        "relaxation_seconds": sum(each.seconds for each in relaxed),
        "rule_id": rule.rule_id,
        "rule_yaml": rule_text(rule),
        "reference": reference,
        "parent": campaign.parent,
        "created_at": campaign.created_at.isoformat(),
        "updated_at": campaign.updated_at.isoformat() if campaign.updated_at else None,
    }
