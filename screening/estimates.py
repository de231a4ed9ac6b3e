"""How good a rule's choices are, estimated from the DFT results that exist, with intervals.

Those that a rule chose tell its precision. What it missed is told only by candidates drawn by lot
from all others: each stands for as many as its chance was small (inverse-probability weights,
normalized as Hajek did, so that a calculation that never finished is stood for by the others).
The intervals are of Bayes with Jeffreys' prior, the weighted draw taken for as many plain ones as
give the same variance (Kish), corrected for the finite number there was to draw from.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from screening.budget import Role
from screening.intervals import LEVEL, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_NUM_SAMPLES = 4000
_SEED = 0
_PRIOR = 0.5  # of each outcome, as Jeffreys
_NO_DRAW = (
    "unknown: no candidate drawn by lot has a result, so nobody knows what was missed; give the "
    "rule an exploration_share."
)
_NO_CHOICE = "unknown: no chosen candidate has a result yet."
_NONE_STABLE = "unknown: no result so far is stable."


@dataclass(frozen=True)
class Observation:
    """What became of a candidate.

    Attributes:
        role: Whether it was chosen, drawn by lot, or left.
        is_flagged: Whether the rule flagged it.
        inclusion_probability: Chance with which it was calculated; 0 keeps it out of every count.
        is_stable: What DFT found, None where there is no result.
    """

    role: Role
    is_flagged: bool
    inclusion_probability: float
    is_stable: bool | None


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: The estimate, None where it is unknown.
        low: Lower end of the 95 % interval.
        high: Upper end.
        note: Why it is unknown, if it is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class RuleScore:
    """How good the choices of a rule are.

    Attributes:
        precision: Share of the chosen that are stable.
        prevalence: Share of all candidates that are stable.
        daf: Precision over prevalence, the discovery acceleration factor.
        recall: Share of the stable candidates that are flagged.
        recall_of_chosen: Share of the stable candidates that are chosen within the budget.
        num_chosen: Chosen candidates with a result.
        num_drawn: Candidates drawn by lot with a result.
        num_candidates: Candidates that all this is about.
    """

    precision: Estimate
    prevalence: Estimate
    daf: Estimate
    recall: Estimate
    recall_of_chosen: Estimate
    num_chosen: int
    num_drawn: int
    num_candidates: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


class _Chosen(NamedTuple):
    """Chosen candidates: all, those with a result, those found stable."""

    all: int
    done: int
    stable: int


class _Drawn(NamedTuple):
    """What the lot showed.

    Attributes:
        frame: Candidates that could be drawn.
        done: Drawn candidates with a result.
        shares: Weighted shares of these: stable and flagged, stable and not flagged, the others.
        effective: Plain draws worth as much as the weighted ones; infinite where all were drawn.
    """

    frame: int
    done: int
    shares: NDArray[np.float64]
    effective: float


class _Stable(NamedTuple):
    """Numbers of stable candidates, one for each sample.

    Attributes:
        precision: Share of the chosen that are stable.
        chosen: Among the chosen.
        left: Among those flagged but not chosen.
        missed: Among those not flagged.
    """

    precision: NDArray[np.float64]
    chosen: NDArray[np.float64]
    left: NDArray[np.float64]
    missed: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """Of all candidates."""
        return self.chosen + self.left + self.missed


def score(observations: Sequence[Observation]) -> RuleScore:
    """Estimate how good the choices of a rule are.

    Args:
        observations: Every candidate of the campaign once, with or without a result.
    """
    chosen, drawn = _chosen(observations), _drawn(observations)
    num_candidates = chosen.all + drawn.frame
    point, samples = _point(chosen, drawn), _samples(chosen, drawn)
    unknown = _NO_DRAW if drawn.frame and not drawn.done else None

    def estimate(measure: Callable[[_Stable], NDArray[np.float64]]) -> Estimate:
        return _estimate(measure(point), measure(samples), unknown)

    return RuleScore(
        precision=_precision(chosen),
        prevalence=estimate(lambda each: each.total / max(num_candidates, 1)),
        daf=estimate(lambda each: _ratio(each.precision * num_candidates, each.total)),
        recall=estimate(lambda each: _ratio(each.chosen + each.left, each.total)),
        recall_of_chosen=estimate(lambda each: _ratio(each.chosen, each.total)),
        num_chosen=chosen.done,
        num_drawn=drawn.done,
        num_candidates=num_candidates,
    )


def _chosen(observations: Sequence[Observation]) -> _Chosen:
    results = [each.is_stable for each in observations if each.role is Role.CHOSEN]
    return _Chosen(len(results), sum(each is not None for each in results), sum(map(bool, results)))


def _drawn(observations: Sequence[Observation]) -> _Drawn:
    """Weigh the results of the lot."""
    frame = [
        each
        for each in observations
        if each.role is not Role.CHOSEN and each.inclusion_probability > 0
    ]
    done = [each for each in frame if each.role is Role.DRAWN and each.is_stable is not None]
    if not done:
        return _Drawn(len(frame), 0, np.array([0.0, 0.0, 1.0]), 0.0)
    weights = np.array([1.0 / each.inclusion_probability for each in done])
    place = [(0 if each.is_flagged else 1) if each.is_stable else 2 for each in done]
    shares = np.bincount(place, weights, minlength=3) / weights.sum()
    plain = float(weights.sum() ** 2 / np.sum(weights**2))
    left = 1.0 - len(done) / len(frame)
    return _Drawn(len(frame), len(done), shares, plain / left if left > 0 else math.inf)


def _point(chosen: _Chosen, drawn: _Drawn) -> _Stable:
    """The best single numbers, as a sample of one."""
    precision = np.array([chosen.stable / chosen.done if chosen.done else 0.0])
    left, missed = (np.array([drawn.frame * drawn.shares[place]]) for place in (0, 1))
    return _Stable(precision, precision * chosen.all, left, missed)


def _samples(chosen: _Chosen, drawn: _Drawn) -> _Stable:
    """Numbers that would be no surprise."""
    rng = np.random.default_rng(_SEED)
    stable, unstable = chosen.stable, chosen.done - chosen.stable
    precision = rng.beta(stable + _PRIOR, unstable + _PRIOR, _NUM_SAMPLES)
    found = stable + (chosen.all - chosen.done) * precision
    if math.isinf(drawn.effective):
        shares = np.repeat(drawn.shares[None], _NUM_SAMPLES, axis=0)
    else:
        shares = rng.dirichlet(drawn.effective * drawn.shares + _PRIOR, _NUM_SAMPLES)
    return _Stable(precision, found, drawn.frame * shares[:, 0], drawn.frame * shares[:, 1])


def _precision(chosen: _Chosen) -> Estimate:
    if not chosen.done:
        return Estimate(None, note=_NO_CHOICE)
    low, high = wilson(chosen.stable, chosen.done)
    return Estimate(chosen.stable / chosen.done, low, high)


def _estimate(
    point: NDArray[np.float64], samples: NDArray[np.float64], unknown: str | None
) -> Estimate:
    """Make an estimate of one number and of those that would be no surprise."""
    value = float(point[0])
    if unknown is not None or not math.isfinite(value):
        return Estimate(None, note=unknown or _NONE_STABLE)
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.nanpercentile(samples, [tail, 100.0 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; nothing over nothing is not a number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / whole)
