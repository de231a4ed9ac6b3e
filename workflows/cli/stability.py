"""``facet stability``: what is measured, and how it is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

from db.client import open_database
from db.filters import CandidateFilter, CandidateSort
from db.indexes import ensure_indexes
from db.queries import candidates
from db.stabilities import stabilities_of
from facet.errors import ConfigError
from screening.rules import FlagRule
from workflows.cli.exits import UNFINISHED
from workflows.cli.progress import aside, working
from workflows.cli.stopping import stopping_in_order
from workflows.cli.tables import print_json, print_table
from workflows.devices import check_device
from workflows.operations.queue import stored_campaign
from workflows.stability.maker import StabilityMaker
from workflows.stability.measure import chosen_kinds, short_list
from workflows.stability.shards import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from db.documents.stability import StabilityDoc
    from workflows.stability.settings import StabilitySettings

HEADINGS = (
    "rank",
    "material",
    "formula",
    "lowest frequency THz",
    "lowest elastic GPa",
    "bulk GPa",
    "shear GPa",
    "verdict",
    "why",
)


@dataclass(frozen=True)
class StabilityRequest:
    """A measurement in the words of the command line.

    Attributes:
        campaign_id: A screened campaign.
        choices: What is measured, by kind; None leaves it to the rule.
        top: The first so many of the flagged candidates.
        settings: How it is measured.
        device: Where the potential runs.
    """

    campaign_id: str
    choices: Mapping[str, bool | None]
    top: int
    settings: StabilitySettings
    device: str | None

    def maker_for(self, campaign: CampaignDoc) -> StabilityMaker:
        """Return what measures it.

        Raises:
            ConfigError: The campaign has no short list, or nothing is to be measured.
        """
        key = campaign.campaign_id
        if campaign.status != "finished":
            raise ConfigError(
                f"Campaign {key} is not screened yet, so that it has no short list: wait for its "
                f"end, which `facet status --campaign {key}` shows."
            )
        kinds = chosen_kinds(FlagRule.from_dict(campaign.rule), key, self.choices)
        return StabilityMaker(kinds=list(kinds), top=self.top, settings=self.settings.to_dict())


def run_stability(request: StabilityRequest, *, as_json: bool) -> int:
    """Measure what is missing of a short list, print what is known of it, return the exit code.

    Args:
        request: What is asked.
        as_json: Print one JSON document instead of a table.

    Raises:
        ConfigError: Nothing is to be measured, or it cannot be measured here.
        MissingDocumentError: There is no such campaign.
    """
    check_device(request.device)
    started = perf_counter()
    with open_database() as database:
        ensure_indexes(database)
        campaign = stored_campaign(database, request.campaign_id)
        maker = request.maker_for(campaign)
        with working("choosing candidates"), stopping_in_order(request.device):
            measured = maker.run(database, campaign, _show)
        told = {
            "campaign_id": request.campaign_id,
            "kinds": maker.kinds,
            "num_measured": measured.num_measured,
            "num_faults": measured.num_faults,
            "seconds": round(perf_counter() - started, 1),
            "candidates": stability_rows(database, request.campaign_id, request.top),
        }
    if as_json:
        print_json(told)
    else:
        _print(told)
    if measured.is_complete:
        return 0
    sys.stderr.write(f"{INTERRUPTED.format(request.campaign_id)}\n")
    return UNFINISHED


def stability_rows(database: MongoDatabase, campaign_id: str, top: int) -> list[dict[str, Any]]:
    """Return what is known of the short list, and of those that fell from it as unstable.

    Frequencies are in THz, elastic constants in GPa.
    """
    fallen = CandidateFilter(campaign_id=campaign_id, role="candidate", verdict="unstable")
    rows = [
        *short_list(database, campaign_id, top),
        *candidates(database, fallen, CandidateSort(field="energy_above_hull")),
    ]
    known: dict[str, list[StabilityDoc]] = {}
    for each in stabilities_of(database, (str(row.relaxation_id) for row in rows)):
        known.setdefault(each.relaxation_id, []).append(each)
    return [_row(row, known.get(str(row.relaxation_id), [])) for row in rows]


def _row(candidate: CandidateDoc, known: Sequence[StabilityDoc]) -> dict[str, Any]:
    """Plain values of one candidate; the latest measurement of each kind counts."""
    latest = {each.kind: each for each in known}
    phonons = latest["phonons"].phonons if "phonons" in latest else None
    elastic = latest["elastic"].elastic if "elastic" in latest else None
    return {
        "rank": candidate.rank,
        "material_id": candidate.material_id,
        "formula_pretty": candidate.formula_pretty,
        "verdict": candidate.verdict,
        "reasons": list(candidate.reasons),
        "phonons": phonons.model_dump() if phonons else None,
        "elastic": elastic.model_dump() if elastic else None,
        "faults": {kind: each.fault for kind, each in latest.items() if each.fault},
        "seconds": {kind: each.seconds for kind, each in latest.items()},
    }


def _show(found: StabilityDoc) -> None:
    """Say on the side what was measured."""
    if found.phonons:
        what = f"lowest frequency {found.phonons.lowest_frequency:.2f} THz"
    elif found.elastic:
        what = f"lowest elastic eigenvalue {found.elastic.eigenvalues[0]:.1f} GPa"
    else:
        what = f"failed: {found.fault}"
    aside(f"{found.kind} of {found.relaxation_id[:12]}: {what}")


def _print(told: Mapping[str, Any]) -> None:
    title = f"Campaign {told['campaign_id']}: stability of its short list"
    print_table(title, HEADINGS, [_cells(each) for each in told["candidates"]])
    faults = f", {told['num_faults']} of them in vain" if told["num_faults"] else ""
    sys.stdout.write(
        f"{told['num_measured']} measurements made now{faults}; {told['seconds']} s.\n"
    )


def _cells(row: Mapping[str, Any]) -> list[Any]:
    phonons, elastic = row["phonons"] or {}, row["elastic"] or {}
    numbers = (
        phonons.get("lowest_frequency"),
        elastic.get("eigenvalues", [None])[0],
        elastic.get("bulk_modulus"),
        elastic.get("shear_modulus"),
    )
    faults = row["faults"].values() if row["verdict"] != "unstable" else ()
    return [
        row["rank"] or "",
        row["material_id"],
        row["formula_pretty"] or "",
        *("" if each is None else f"{each:.2f}" for each in numbers),
        row["verdict"] or "",
        " ".join(dict.fromkeys(chain(row["reasons"], faults))),
    ]
