"""Gates of what is known elsewhere: copies, known phases, phonons, elastic constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screening.gates.limits import Mode
from screening.gates.outcome import GateOutcome, failed, passed, skipped, warned
from screening.gates.structural import not_passed

if TYPE_CHECKING:
    from screening.evidence import Evidence
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
    sentence = f"The lowest phonon frequency is {found} THz"
    return _from_elsewhere("dynamical", gate.mode, found, gate.lowest, sentence)


def elastic(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether it withstands every small strain."""
    gate, found = rule.gates.elastic, evidence.lowest_elastic
    sentence = f"The lowest eigenvalue of the elastic tensor is {found} GPa"
    return _from_elsewhere("elastic", gate.mode, found, gate.lowest, sentence)


def _from_elsewhere(
    name: str, mode: Mode, found: float | None, lowest: float, sentence: str
) -> GateOutcome:
    """Compare a number that was calculated outside of screening."""
    if mode is Mode.OFF:
        return skipped(name, "The rule does not ask.")
    if found is None:
        return skipped(name, "Not calculated.")
    if found >= lowest:
        return passed(name, f"{sentence}.", found, lowest)
    sentence += f", below the limit of {lowest:g}: the crystal is {name}ly unstable."
    return not_passed(mode)(name, sentence, found, lowest)
