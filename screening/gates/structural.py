"""Gates of the relaxed crystal itself: at rest, of sane size, neutral, of which prototype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screening.gates.limits import Mode
from screening.gates.outcome import GateOutcome, failed, passed, skipped, warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from screening.evidence import Evidence
    from screening.rules import FlagRule

_CONVERGED = "converged"
_NOT_ASKED = "The rule does not ask."
_NO_GEOMETRY = "The geometry was not measured."


def converged(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether the crystal is at rest."""
    reason = evidence.stop_reason
    if reason == _CONVERGED:
        return passed("converged", evidence.stop_message, reason, _CONVERGED)
    if rule.require_converged:
        sentence = f"Not relaxed to the end ({reason}): {evidence.stop_message}"
        return failed("converged", sentence, reason, _CONVERGED)
    sentence = (
        f"Not relaxed to the end ({reason}), which this rule permits: {evidence.stop_message}"
    )
    return warned("converged", sentence, reason)


def volume(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether the volume fits the atoms."""
    gate, geometry = rule.gates.volume, evidence.geometry
    if gate.mode is Mode.OFF or geometry is None:
        return skipped("volume", _NOT_ASKED if geometry else _NO_GEOMETRY)
    ratio = geometry.volume_ratio
    limit = f"{gate.least:g} to {gate.most:g}"
    sentence = f"The volume is {ratio:.2g} times that of its atoms, "
    if gate.least <= ratio <= gate.most:
        return passed("volume", f"{sentence}as in known crystals.", ratio, limit)
    fault = "collapsed" if ratio < gate.least else "fallen apart"
    sentence += f"outside {limit} where known crystals lie: it has {fault}."
    return not_passed(gate.mode)("volume", sentence, ratio, limit)


def distances(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether no two atoms are too close."""
    gate, geometry = rule.gates.distances, evidence.geometry
    if gate.mode is Mode.OFF or geometry is None:
        return skipped("distances", _NOT_ASKED if geometry else _NO_GEOMETRY)
    ratio, length = geometry.shortest, geometry.shortest_distance
    if length is None:
        return passed("distances", "No two atoms are near each other.", ratio, gate.shortest)
    sentence = (
        f"The shortest distance, {geometry.shortest_pair} of {length:.2f} angstrom, is "
        f"{ratio:.2f} times the sum of the covalent radii"
    )
    if ratio >= gate.shortest:
        return passed("distances", f"{sentence}.", ratio, gate.shortest)
    sentence += f", below the limit of {gate.shortest:g}: the atoms overlap."
    return not_passed(gate.mode)("distances", sentence, ratio, gate.shortest)


def coordination(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether every atom has neighbors, and none too many."""
    gate, geometry = rule.gates.coordination, evidence.geometry
    if gate.mode is Mode.OFF or geometry is None:
        return skipped("coordination", _NOT_ASKED if geometry else _NO_GEOMETRY)
    farthest, most = geometry.farthest, geometry.most_neighbors
    finish = not_passed(gate.mode)
    if farthest is None or farthest > gate.farthest:
        how_far = "more than 2.5" if farthest is None else f"{farthest:.2f}"
        sentence = (
            f"An atom of {geometry.farthest_element} has its nearest neighbor at {how_far} times "
            f"the sum of the covalent radii, above the limit of {gate.farthest:g}: it is loose."
        )
        return finish("coordination", sentence, farthest, gate.farthest)
    if most > gate.most_neighbors:
        sentence = (
            f"An atom has {most} neighbors, above the limit of {gate.most_neighbors}: the crystal "
            f"is too dense."
        )
        return finish("coordination", sentence, most, gate.most_neighbors)
    sentence = f"Every atom has a neighbor, and none has more than {most}."
    return passed("coordination", sentence, farthest, gate.farthest)


def neutrality(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether the composition can be charge neutral."""
    mode, is_neutral = rule.gates.neutrality.mode, evidence.is_charge_neutral
    if mode is Mode.OFF:
        return skipped("neutrality", _NOT_ASKED)
    if is_neutral is None:
        sentence = "Oxidation states were not looked at: install smact, which knows them."
        return skipped("neutrality", sentence)
    if is_neutral:
        return passed("neutrality", "Oxidation states exist that cancel.", "neutral", "neutral")
    sentence = "No common oxidation states of its elements cancel: the composition is unusual."
    return not_passed(mode)("neutrality", sentence, "not neutral", "neutral")


def prototype(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether relaxation kept the prototype."""
    mode, change = rule.gates.prototype.mode, evidence.prototype
    if mode is Mode.OFF or change is None:
        return skipped("prototype", _NOT_ASKED if change else "Prototypes were not compared.")
    after = change.after or "no known symmetry"
    if change.is_kept:
        return passed("prototype", f"Kept its prototype, {after}.", after, "kept")
    sentence = f"Relaxed from {change.before or 'no known symmetry'} to another prototype, {after}."
    return not_passed(mode)("prototype", sentence, after, "kept")


def not_passed(mode: Mode) -> Callable[..., GateOutcome]:
    """Tell how a gate of this mode ends for a candidate that does not pass it."""
    return failed if mode is Mode.FAIL else warned
