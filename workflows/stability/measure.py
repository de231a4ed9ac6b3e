"""The stability of a campaign's short list: what is missing is measured, stored, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from db.documents import RelaxationDoc
from db.documents.stability import StabilityDoc, StabilityKind
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates, documents_by_id, known_ids
from db.stabilities import insert_stabilities
from facet.errors import ConfigError
from facet.graph.neighbors import Crystal
from facet.relaxation.settings import RelaxSettings
from screening.gates.limits import Mode
from workflows.keys import stability_key
from workflows.progress import report
from workflows.screen import screen
from workflows.stability.documents import stability_document
from workflows.stability.elastic import elasticities
from workflows.stability.evidence import stability_evidence
from workflows.stability.phonons import check_phonopy, phonons
from workflows.stability.rest import Fault, at_rest
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from facet.potential import Potential
    from screening.rules import FlagRule
    from workflows.stability.elastic import Elasticity
    from workflows.stability.phonons import Phonons

KINDS: tuple[StabilityKind, ...] = get_args(StabilityKind)
TOP = 20
WORD = "stabilities measured"


class Wanted(NamedTuple):
    """What is to be measured of a campaign.

    Attributes:
        kinds: ``phonons``, ``elastic`` or both.
        top: The first so many of the flagged candidates, by rank.
        settings: How.
    """

    kinds: tuple[StabilityKind, ...]
    top: int = TOP
    settings: StabilitySettings = StabilitySettings()


class Measured(NamedTuple):
    """What was done.

    Attributes:
        num_measured: Measurements made now.
        num_faults: Those of them that failed.
        is_complete: False when it had to stop before the end.
    """

    num_measured: int
    num_faults: int
    is_complete: bool


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

    Raises:
        ConfigError: phonopy is asked for and not installed.
    """
    check_kinds(wanted.kinds)
    num_measured = num_faults = 0
    if _has_unjudged(database, campaign.campaign_id, wanted.top):
        screen(database, campaign.campaign_id)
    while missing := _missing(database, campaign.campaign_id, wanted):
        num_asked = num_measured + sum(map(len, missing.values()))
        report(WORD, num_measured, num_asked)
        for found in _measured(database, potential, missing, wanted.settings):
            insert_stabilities(database, [found])
            num_measured += 1
            report(WORD, num_measured, num_asked)
            num_faults += found.fault is not None
            if must_stop(found):
                return Measured(num_measured, num_faults, is_complete=False)
        screen(database, campaign.campaign_id)
    return Measured(num_measured, num_faults, is_complete=True)


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


def _missing(
    database: MongoDatabase, campaign_id: str, wanted: Wanted
) -> dict[StabilityKind, list[str]]:
    """Keys of the relaxations of the short list that lack a measurement, by kind."""
    rows = short_list(database, campaign_id, wanted.top)
    keys = list(dict.fromkeys(str(each.relaxation_id) for each in rows))
    plain = wanted.settings.to_dict()
    missing: dict[StabilityKind, list[str]] = {}
    for kind in wanted.kinds:
        named = {key: stability_key(key, kind, plain) for key in keys}
        known = known_ids(database, StabilityDoc, named.values())
        left = [key for key in keys if named[key] not in known]
        if left:
            missing[kind] = left
    return missing


def _measured(
    database: MongoDatabase,
    potential: Potential,
    missing: Mapping[StabilityKind, Sequence[str]],
    settings: StabilitySettings,
) -> Iterator[StabilityDoc]:
    """Measure relaxed crystals together, and yield each document when it is known."""
    keys = list(dict.fromkeys(key for each in missing.values() for key in each))
    stored = {each.relaxation_id: each for each in documents_by_id(database, RelaxationDoc, keys)}
    relaxed_by = RelaxSettings.from_dict(next(iter(stored.values())).settings)
    crystals = ((key, Crystal(*each.geometry.unpack())) for key, each in stored.items())
    resting = dict(at_rest(potential, crystals, settings.resting(relaxed_by)))
    for kind, wanted in missing.items():
        good = []
        for key in wanted:
            rest = resting[key]
            if isinstance(rest, Fault):
                yield stability_document(stored[key], settings, kind, rest)
            else:
                good.append((key, rest.crystal))
        for key, found in _of_kind(kind, potential, good, settings, relaxed_by):
            yield stability_document(stored[key], settings, kind, found)


def _of_kind(
    kind: StabilityKind,
    potential: Potential,
    crystals: Sequence[tuple[str, Crystal]],
    settings: StabilitySettings,
    relaxed_by: RelaxSettings,
) -> Iterator[tuple[str, Phonons | Elasticity | Fault]]:
    """Measure one kind of stability of crystals at rest."""
    if kind == "phonons":
        yield from phonons(potential, crystals, settings)
    else:
        strained = settings.strained(relaxed_by)
        yield from elasticities(potential, crystals, strained, settings.strain)


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
