"""Distances that a comparison found, kept so that flag rules can weigh how potentials differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from db.documents.comparison import ComparisonDoc
from screening.evidence import Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase

Disagreements = Mapping[str, tuple[Disagreement, ...]]
"""By name of the candidate."""


def store_distances(database: MongoDatabase, report: Mapping[str, Any]) -> None:
    """Keep the distances of a paired report; the latest report of a comparison counts.

    Args:
        database: Holds the comparison.
        report: As ``report_of`` makes it.
    """
    distances: dict[str, list[float | None]] = {}
    for pair in report["pairs"]:
        for row in pair["crystals"]:
            first, other = row["energy_above_hull"]
            distances.setdefault(row["material_id"], [first]).append(other)
    rows = [
        {"material_id": name, "energy_above_hull": each} for name, each in sorted(distances.items())
    ]
    database[ComparisonDoc.collection].update_one(
        {"_id": report["comparison_id"]}, {"$set": {"distances": rows}}
    )


def disagreements_in(database: MongoDatabase, campaign_id: str, fingerprint: str) -> Disagreements:
    """Say how far other potentials place the candidates of a campaign from where it does.

    Of several comparisons with one potential the latest counts.

    Args:
        database: Holds the comparisons.
        campaign_id: The campaign.
        fingerprint: Of its potential; comparisons without it say nothing.
    """
    found: dict[str, dict[str, Disagreement]] = {}
    wanted = {"peers": 1, "distances": 1}
    stored = database[ComparisonDoc.collection].find({"campaign_id": campaign_id}, wanted)
    for raw in stored.sort([("created_at", 1), ("_id", 1)]):
        for name, other, each in _sizes(raw, fingerprint):
            found.setdefault(name, {})[other] = each
    return {
        name: tuple(by_potential[other] for other in sorted(by_potential))
        for name, by_potential in found.items()
    }


def _sizes(raw: Mapping[str, Any], mine: str) -> Iterator[tuple[str, str, Disagreement]]:
    """Yield candidate, fingerprint of the other potential, and how far it differs."""
    fingerprints = [each["fingerprint"] for each in raw["peers"]]
    if mine not in fingerprints:
        return
    own = fingerprints.index(mine)
    for row in raw.get("distances", ()):
        places = row["energy_above_hull"]
        for peer, place in zip(raw["peers"], places, strict=True):
            if peer["fingerprint"] != mine and place is not None and places[own] is not None:
                size = abs(place - places[own])
                yield row["material_id"], peer["fingerprint"], Disagreement(peer["label"], size)
