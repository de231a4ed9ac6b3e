"""The stability of a campaign's short list: what is missing is measured, stored, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from db.documents.stability import StabilityKind
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates
from facet.errors import ConfigError
from screening.gates.limits import Mode
from workflows.screen import screen
from workflows.stability.evidence import stability_evidence
from workflows.stability.measuring import Measured, crystals_of, measure_missing, missing_of
from workflows.stability.phonons import check_phonopy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from db.documents.stability import StabilityDoc
    from facet.potential import Potential
    from screening.rules import FlagRule
    from workflows.stability.measuring import Missing, Wanted

KINDS: tuple[StabilityKind, ...] = get_args(StabilityKind)


def kinds_asked(rule: FlagRule) -> tuple[StabilityKind, ...]:
    """Return what the gates of a rule ask for."""
    gates = rule.gates
    modes = {"phonons": gates.dynamical.mode, "elastic": gates.elastic.mode}
    return tuple(kind for kind in KINDS if modes[kind] is not Mode.OFF)


def check_kinds(kinds: Sequence[StabilityKind]) -> None:
    """Make sure that all of this can be measured here.

    Raises:
        ConfigError: phonopy is asked for and not installed.
    """
    if "phonons" in kinds:
        check_phonopy()


def short_list(database: MongoDatabase, campaign_id: str, top: int) -> list[CandidateDoc]:
    """Return the first flagged candidates of a campaign, by rank."""
    where = CandidateFilter(campaign_id=campaign_id, role="candidate", is_flagged=True)
    return list(candidates(database, where, CandidateSort(field="rank"), limit=top))


def measure_short_list(
    database: MongoDatabase,
    campaign: CampaignDoc,
    potential: Potential,
    wanted: Wanted,
    must_stop: Callable[[StabilityDoc], bool] = lambda _: False,
    most_alone: int | None = None,
) -> Measured:
    """Measure what is missing of the short list, and judge the campaign again.

    Candidates that a verdict takes off the list make room for others; it goes on until all that
    remain are measured. Done again, it measures nothing. Every measurement is stored when it is
    made: killed at any moment, it goes on from there, and judges by what was measured before.

    Args:
        database: Holds a screened campaign.
        campaign: The campaign.
        potential: That its candidates were relaxed with.
        wanted: What is measured.
        must_stop: Told of every measurement, and asked whether it was the last.
        most_alone: Where more crystals than these lack a measurement, it stops before them and
            returns what is left; None measures all.

    Raises:
        ConfigError: phonopy is asked for and not installed.
    """
    check_kinds(wanted.kinds)
    wanted = wanted._replace(campaign_id=campaign.campaign_id)
    num_measured = num_faults = 0
    if _has_unjudged(database, campaign.campaign_id, wanted.top):
        screen(database, campaign.campaign_id)
    while missing := _missing(database, campaign.campaign_id, wanted):
        left = crystals_of(missing)
        if most_alone is not None and len(left) > most_alone:
            return Measured(num_measured, num_faults, is_complete=False, left=left)
        done = measure_missing(database, potential, missing, wanted, must_stop)
        num_measured += done.num_measured
        num_faults += done.num_faults
        if not done.is_complete:
            return done._replace(num_measured=num_measured, num_faults=num_faults)
        screen(database, campaign.campaign_id)
    return Measured(num_measured, num_faults)


def _has_unjudged(database: MongoDatabase, campaign_id: str, top: int) -> bool:
    """Whether measurements of the short list are stored that its verdicts do not know.

    A run that was cut off leaves them, and another campaign that relaxed the same crystals.
    """
    rows = {str(each.relaxation_id): each for each in short_list(database, campaign_id, top)}
    measured = stability_evidence(database, rows)
    return any(
        (rows[key].evidence or {}).get(name) != value
        for key, fields in measured.items()
        for name, value in fields.items()
    )


def _missing(database: MongoDatabase, campaign_id: str, wanted: Wanted) -> Missing:
    """Keys of the relaxations of the short list that lack a measurement, by kind."""
    rows = short_list(database, campaign_id, wanted.top)
    return missing_of(database, (str(each.relaxation_id) for each in rows), wanted)


def chosen_kinds(
    rule: FlagRule, campaign_id: str, choices: Mapping[str, bool | None]
) -> tuple[StabilityKind, ...]:
    """Return what is measured: what a user chose, and else what the rule asks for.

    Args:
        rule: Of the campaign.
        campaign_id: Named in the message.
        choices: By kind; None leaves it to the rule.

    Raises:
        ConfigError: That is nothing.
    """
    asked = kinds_asked(rule)
    chosen = {kind: choices.get(kind) for kind in KINDS}
    kinds = tuple(k for k, choice in chosen.items() if (k in asked if choice is None else choice))
    if not kinds:
        raise ConfigError(
            f"The rule of campaign {campaign_id} asks for neither phonons nor elastic constants: "
            "give --phonons or --elastic, or set the mode of its gates dynamical or elastic."
        )
    return kinds
