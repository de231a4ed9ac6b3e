"""Gates of the distance to the hull, and of how far it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screening.gates.limits import Mode
from screening.gates.outcome import GateOutcome, failed, passed, skipped, warned
from screening.gates.structural import not_passed
from screening.gates.words import mev, percent
from screening.trust import others_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screening.evidence import Evidence
    from screening.rules import FlagRule
    from screening.stability import Stability

SUSPICIOUS_DEPTH = 0.3
"""eV/atom below the hull from which an error is likelier than a discovery."""

_NO_DISTANCE = "No distance to the hull was measured: relax the crystal to a finite energy."


def hull(evidence: Evidence, rule: FlagRule) -> GateOutcome:
    """Whether the candidate lies near enough to the hull."""
    distance = evidence.distance
    if distance is None:
        return failed("reference", evidence.no_reference or _NO_DISTANCE)
    limit = rule.max_energy_above_hull
    finish = passed if distance <= limit else failed
    return finish("hull", _hull_sentence(distance, evidence, limit), distance, limit)


def named_hulls(evidence: Evidence, rule: FlagRule) -> Iterator[GateOutcome]:
    """Yield whether it lies near enough to each further hull that the rule names."""
    for name, limit in rule.hull_limits.items():
        distance = evidence.hull_distances.get(name)
        gate = f"hull_{name}"
        if distance is None:
            yield skipped(gate, f"The hull '{name}' has no place for this candidate.")
            continue
        finish = passed if distance <= limit else failed
        yield finish(gate, _named_sentence(name, distance, limit), distance, limit)


def depth(evidence: Evidence, _rule: FlagRule) -> GateOutcome:
    """Whether it lies so deep below the hull that an error is likely."""
    distance = evidence.distance
    if distance is None or distance >= -SUSPICIOUS_DEPTH:
        return passed("depth", "Not too deep to be true.", distance, -SUSPICIOUS_DEPTH)
    sentence = (
        f"So far below the hull ({mev(-distance)} meV/atom) that the energy or the reference is "
        f"more likely wrong than the crystal this stable: check both."
    )
    return warned("depth", sentence, distance, -SUSPICIOUS_DEPTH)


def uncertainty(evidence: Evidence, rule: FlagRule, stability: Stability | None) -> GateOutcome:
    """Whether the distance is certain enough to be worth anything."""
    gate = rule.gates.uncertainty
    if gate.mode is Mode.OFF:
        return skipped("uncertainty", "The rule does not ask.")
    if stability is None or (evidence.uncertainty is None and not stability.disagreement):
        return skipped("uncertainty", "The distance has no uncertainty: nobody measured it.")
    sentence = f"The distance is uncertain by {mev(stability.scale)} meV/atom"
    others = others_in_words(evidence, rule, stability)
    if stability.scale <= gate.largest:
        return passed("uncertainty", f"{sentence}{others}.", stability.scale, gate.largest)
    sentence += f", above the limit of {mev(gate.largest)} meV/atom{others}."
    return not_passed(gate.mode)("uncertainty", sentence, stability.scale, gate.largest)


def probability(rule: FlagRule, stability: Stability | None) -> Iterator[GateOutcome]:
    """Yield whether it is probable enough that the candidate is stable."""
    on_hull, within = rule.least_probability_on_hull, rule.least_probability_within_limit
    if stability is None:
        return
    if on_hull is not None:
        yield _probable("probability_on_hull", "on the hull", stability.on_hull, on_hull)
    if within is not None:
        words = f"within {mev(stability.limit)} meV/atom of the hull"
        yield _probable("probability_within_limit", words, stability.within_limit, within)


def _probable(gate: str, where: str, found: float, least: float) -> GateOutcome:
    sentence = f"Lies {where} with a probability of {percent(found)}"
    if found >= least:
        return passed(gate, f"{sentence}.", found, least)
    return failed(gate, f"{sentence}, below the limit of {percent(least)}.", found, least)


def _hull_sentence(distance: float, evidence: Evidence, limit: float) -> str:
    """Say where a candidate lies: beside the limit, beside the hull, and against what."""
    margin = limit - distance
    words = f"the flag limit of {mev(limit)} meV/atom"
    beside_limit = f"{mev(abs(margin))} meV/atom {'below' if margin >= 0 else 'above'} {words}"
    is_above = distance >= 0
    beside_hull = f"{mev(abs(distance))} meV/atom {'above' if is_above else 'below'}"
    rivals = " + ".join(evidence.decomposes_to)
    against = f", {'decomposing to' if is_above else 'more stable than'} {rivals}" if rivals else ""
    return f"{beside_limit}: {beside_hull} {evidence.hull_description}{against}."


def _named_sentence(name: str, distance: float, limit: float) -> str:
    side = "above" if distance >= 0 else "below"
    end = "within" if distance <= limit else "beyond"
    return (
        f"{mev(abs(distance))} meV/atom {side} the hull '{name}', {end} its limit of {mev(limit)} "
        f"meV/atom."
    )
