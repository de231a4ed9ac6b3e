"""Gates of what is known elsewhere: copies, known phases, phonons, elastic constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from screening.gates.limits import Mode
from screening.gates.outcome import GateOutcome, failed, passed, skipped, warned
from screening.gates.structural import not_passed

if TYPE_CHECKING:
    from screening.evidence import Evidence
    from screening.gates.limits import DynamicalGate, ElasticGate
    from screening.rules import FlagRule


def unique(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether no better candidate is the same crystal."""
    twin = evidence.duplicate_of
    if twin is None:
        return passed("unique", "No better candidate is the same crystal.")
    if rule.allow_duplicates:
        return warned("unique", f"A copy of {twin}, which this rule permits.", twin)
    sentence = f"Relaxed to the same crystal as {twin}, which is kept in its place."
    return failed("unique", sentence, twin)


def new(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether no known phase is the same crystal."""
    known = evidence.known_as
    if known is None:
        return passed("new", "No known phase is the same crystal.")
    if rule.allow_known:
        return warned("new", f"The same crystal as {known}, which is known.", known)
    return failed("new", f"The same crystal as {known}, which is known: nothing to find.", known)


def dynamical(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether its phonons are stable."""
    gate, found = rule.gates.dynamical, evidence.lowest_frequency
    told = _Told("The lowest phonon frequency", "THz", "dynamically", evidence.no_frequency)
    return _from_elsewhere("dynamical", gate, found, told)


def elastic(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether it withstands every small strain."""
    gate, found = rule.gates.elastic, evidence.lowest_elastic
    name = "The lowest eigenvalue of the elastic tensor"
    return _from_elsewhere(
        "elastic", gate, found, _Told(name, "GPa", "elastically", evidence.no_elastic)
    )


class _Told(NamedTuple):
    """Words on a number that was calculated outside of screening, and why it was not, if so."""

    what: str
    unit: str
    how: str
    fault: str | None


def _from_elsewhere(
    name: str, gate: DynamicalGate | ElasticGate, found: float | None, told: _Told
) -> GateOutcome:
    """Compare a number that was calculated outside of screening."""
    if gate.mode is Mode.OFF:
        return skipped(name, "The rule does not ask.")
    if found is None and told.fault is not None:
        return warned(name, f"{told.what} could not be calculated. {told.fault}")
    if found is None:
        return skipped(name, "Not calculated.")
    sentence = f"{told.what} is {round(found, 2) + 0.0:.2f} {told.unit}"
    if found >= gate.lowest:
        return passed(name, f"{sentence}.", found, gate.lowest)
    sentence += f", below the limit of {gate.lowest:g}: the crystal is {told.how} unstable."
    return not_passed(gate.mode)(name, sentence, found, gate.lowest)
