"""All that the report of a campaign says, as plain values read from the database."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from db.campaigns import control_of
from db.documents import CampaignDoc
from db.queries import documents_by_id
from db.transactions import server_time
from screening.rules import FlagRule, StableMeans
from workflows.accounting import account_if_quick
from workflows.dft.rows import status_document
from workflows.report import counted
from workflows.report.accuracy import accuracy_of, uncertainty_rows
from workflows.report.citations import software_bibtex, works_behind
from workflows.report.compared import comparisons_of
from workflows.report.facts import facts_of
from workflows.report.provenance import provenance_of
from workflows.report.shortlist import shortlist_of
from workflows.report.systems import system_row, systems_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents.geometry import Geometry
    from workflows.report.charts.hulls import Diagram
    from workflows.report.facts import Fact
    from workflows.report.systems import Systems

MOST_POINTS = 5000


class Contents(NamedTuple):
    """What a report is made of.

    Attributes:
        document: What ``facet report --json`` prints, energies in eV/atom.
        diagrams: The hull diagrams.
        crystals: Relaxed crystals of the candidates that are shown, by name.
    """

    document: dict[str, Any]
    diagrams: tuple[Diagram, ...]
    crystals: dict[str, Geometry]


def contents_of(database: MongoDatabase, campaign_id: str) -> Contents:
    """Gather the report of a campaign, finished or not.

    Raises:
        MissingDocumentError: There is no such campaign.
    """
    control_of(database, campaign_id)  # which says best that there is no such campaign
    (campaign,) = documents_by_id(database, CampaignDoc, [campaign_id])
    facts = facts_of(database, campaign_id)
    systems = systems_of(database, campaign, facts)
    dft = status_document(database, campaign)
    num_placed = sum(each.distance is not None for each in facts)
    shortlist = shortlist_of(database, campaign_id, num_placed, dft["follow_ups"])
    comparisons = comparisons_of(database, campaign)
    document = {
        **_head(campaign, server_time(database).isoformat(timespec="seconds")),
        **_counts(facts, dft["follow_ups"]),
        "energy_volume": _points(facts),
        "uncertainty": uncertainty_rows(shortlist.rows),
        "accuracy": accuracy_of(facts, dft["follow_ups"], _limit(campaign)),
        "systems": _systems(systems),
        "num_placed": num_placed,
        "candidates": shortlist.rows,
        "dft": dft,
        "comparisons": comparisons,
        "cost": account_if_quick(database, campaign_id),
        "provenance": provenance_of(campaign, facts, systems.reference),
        "cite": _cite(campaign, dft, comparisons),
    }
    return Contents(document, systems.diagrams, shortlist.crystals)


def _head(campaign: CampaignDoc, now: str) -> dict[str, Any]:
    summary = campaign.summary
    return {
        "campaign_id": campaign.campaign_id,
        "source": campaign.source,
        "status": campaign.status,
        "control": campaign.control,
        "potential": campaign.potential_name,
        "hull": summary.get("hull") or "the hull",
        "written_at": now,
        "created_at": campaign.created_at.isoformat(timespec="seconds"),
        "controls": summary.get("controls"),
        "known_outcome": summary.get("known_outcome"),
        "limit": _limit(campaign),
    }


def _counts(facts: Sequence[Fact], follow_ups: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ends = counted.ends(facts)
    return {
        "counts": {
            "candidates": len(facts),
            "rejected": sum(each.stored["status"] == "rejected_input" for each in facts),
            "pending": sum(each.stored["status"] == "pending" for each in facts),
            "set_aside": sum(each.stored["status"] == "set_aside" for each in facts),
            "relaxed": sum(ends.values()),
            "converged": ends.get("converged", 0),
            "flagged": sum(each.is_flagged for each in facts),
        },
        "funnel": counted.funnel(facts, follow_ups),
        "ends": ends,
        "verdicts": counted.verdicts(facts),
        "failures": counted.failures(facts),
        "throughput": counted.throughput(facts),
    }


def _limit(campaign: CampaignDoc) -> float:
    """Distance in eV/atom up to which the rule calls a candidate stable."""
    rule = FlagRule.from_dict(campaign.rule)
    is_on_hull = rule.ranking.stable_means is StableMeans.ON_HULL
    return 0.0 if is_on_hull else rule.max_energy_above_hull


def _points(facts: Sequence[Fact]) -> dict[str, Any]:
    """Formation energy and volume of converged candidates, evenly thinned where they are many."""
    found = [
        {
            "material_id": each.material_id,
            "volume_per_atom": each.relaxed.volume_per_atom,
            "formation_energy_per_atom": each.formation_energy,
            "is_flagged": each.is_flagged,
        }
        for each in facts
        if each.relaxed
        and each.relaxed.stop_reason == "converged"
        and each.relaxed.volume_per_atom is not None
        and each.formation_energy is not None
    ]
    every = max(1, -(-len(found) // MOST_POINTS))
    return {"num": len(found), "points": found[::every]}


def _systems(systems: Systems) -> dict[str, Any]:
    return {
        "num_by_elements": {str(size): number for size, number in systems.numbers.items()},
        "shown": [system_row(each) for each in systems.diagrams],
    }


def _cite(
    campaign: CampaignDoc, dft: Mapping[str, Any], comparisons: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    labels = [peer["label"] for each in comparisons for peer in each.get("potentials", ())]
    parts = {
        "dft": bool(dft["follow_ups"]),
        "queue": bool(dft["follow_ups"]),
        "mace": any("mace" in label.lower() for label in labels),
    }
    works = works_behind(campaign.potential_name, parts)
    software = software_bibtex(
        version("facet"), campaign.potential_fingerprint, campaign.created_at.year
    )
    return {
        "works": [
            {"sentence": each.sentence, "doi": each.doi, "role": each.role} for each in works
        ],
        "bibtex": "\n\n".join([software, *(each.bibtex for each in works)]),
    }
