from dataclasses import dataclass

import numpy as np
import pytest

from screening.budget import Proposal, Role, choose
from screening.estimates import Observation, score
from screening.rules import FlagRule


@dataclass(frozen=True)
class Campaign:
    observations: list[Observation]
    recall: float
    recall_of_chosen: float
    prevalence: float
    daf: float


def campaign(seed: int, number: int = 600, core_share: float = 0.2) -> Campaign:
    """Candidates of known truth, of which a rule under a budget sees a part."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(2.0 - 1.5 * rng.normal(size=number)))
    is_stable = rng.random(number) < probability
    cost = rng.lognormal(1, 0.8, number)
    limit = np.quantile(probability, 0.8)
    proposals = [
        Proposal(
            f"c{row:04d}",
            f"s{row % 50}",
            is_flagged=bool(probability[row] > limit),
            probability=float(probability[row]),
            core_hours=float(cost[row]),
        )
        for row in range(number)
    ]
    budget = {"core_hours": float(core_share * cost.sum()), "exploration_share": 0.3}
    choices = choose(proposals, FlagRule.from_dict({"budget": budget}), f"campaign-{seed}")
    role = {each.material_id: each for each in choices}
    observations = [
        Observation(
            role[each.material_id].role,
            each.is_flagged,
            role[each.material_id].inclusion_probability,
            bool(stable) if role[each.material_id].is_selected else None,
        )
        for each, stable in zip(proposals, is_stable, strict=True)
    ]
    flagged = np.array([each.is_flagged for each in proposals])
    chosen = np.array([role[each.material_id].role is Role.CHOSEN for each in proposals])
    return Campaign(
        observations,
        recall=float((flagged & is_stable).sum() / is_stable.sum()),
        recall_of_chosen=float((chosen & is_stable).sum() / is_stable.sum()),
        prevalence=float(is_stable.mean()),
        daf=float(is_stable[chosen].mean() / is_stable.mean()),
    )


def test_intervals_cover_the_truth_about_as_often_as_they_say_and_estimates_are_unbiased():
    names = ("recall", "recall_of_chosen", "prevalence", "daf")
    covered = dict.fromkeys(names, 0)
    errors = []
    for seed in range(60):
        known = campaign(seed)
        found = score(known.observations)
        for name in names:
            estimate, truth = getattr(found, name), getattr(known, name)
            covered[name] += estimate.low <= truth <= estimate.high
        errors.append(found.prevalence.value - known.prevalence)
    # 60 campaigns at 95 %: fewer than 51 would be a chance of one in two thousand.
    assert all(count >= 51 for count in covered.values()), covered
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors))


def observed(role: Role, number: int, stable: int | None, chance: float = 1.0, *, flagged=False):
    results = [None] * number if stable is None else [row < stable for row in range(number)]
    return [Observation(role, flagged, chance, result) for result in results]


def test_each_drawn_candidate_stands_for_as_many_as_its_chance_was_small():
    observations = [
        *observed(Role.CHOSEN, 10, 8, flagged=True),
        *observed(Role.DRAWN, 10, 2, 0.1),
        *observed(Role.LEFT, 90, None, 0.1),
    ]
    found = score(observations)
    assert found.precision.value == 0.8
    assert found.recall.value == pytest.approx(8 / (8 + 20))
    assert found.prevalence.value == pytest.approx(28 / 110)
    assert found.daf.value == pytest.approx(0.8 / (28 / 110))
    assert (found.num_chosen, found.num_drawn, found.num_candidates) == (10, 10, 110)


def test_unequal_chances_are_weighed():
    observations = [
        *observed(Role.CHOSEN, 10, 10, flagged=True),
        *observed(Role.DRAWN, 1, 1, 0.5),
        *observed(Role.DRAWN, 1, 0, 0.1),
        *observed(Role.LEFT, 10, None, 0.3),
    ]
    assert score(observations).recall.value == pytest.approx(10 / (10 + 12 * 2 / 12))


def test_flagged_candidates_that_the_budget_left_count_as_flagged_but_not_as_chosen():
    observations = [
        *observed(Role.CHOSEN, 10, 10, flagged=True),
        *observed(Role.DRAWN, 2, 2, 0.5, flagged=True),
        *observed(Role.DRAWN, 3, 0, 0.5),
        *observed(Role.LEFT, 5, None, 0.5),
    ]
    found = score(observations)
    assert found.recall.value == 1.0
    assert found.recall_of_chosen.value == pytest.approx(10 / 14)


def test_without_a_draw_recall_is_unknown_and_says_why():
    observations = [
        *observed(Role.CHOSEN, 10, 8, flagged=True),
        *observed(Role.LEFT, 50, None, 0.1),
    ]
    found = score(observations)
    assert found.precision.value == 0.8
    for each in (found.recall, found.daf, found.prevalence, found.recall_of_chosen):
        assert each.value is None
        assert "drawn by lot" in each.note


def test_where_every_candidate_has_a_result_nothing_is_left_to_chance():
    observations = [
        *observed(Role.CHOSEN, 10, 8, flagged=True),
        *observed(Role.DRAWN, 20, 2, 1.0),
    ]
    recall = score(observations).recall
    assert recall.value == recall.low == recall.high == 0.8


def test_results_that_are_still_out_are_stood_for_by_the_others():
    done = [
        *observed(Role.CHOSEN, 10, 5, flagged=True),
        *observed(Role.DRAWN, 10, 1, 0.1),
        *observed(Role.LEFT, 80, None, 0.1),
    ]
    waiting = [
        *done,
        *observed(Role.CHOSEN, 10, None, flagged=True),
        *observed(Role.DRAWN, 10, None, 0.1),
    ]
    found = score(waiting)
    assert found.precision == score(done).precision
    assert found.recall.value == pytest.approx(10 / (10 + 10))


def test_nothing_missed_among_few_does_not_make_recall_certain():
    observations = [
        *observed(Role.CHOSEN, 10, 8, flagged=True),
        *observed(Role.DRAWN, 5, 0, 0.05),
        *observed(Role.LEFT, 95, None, 0.05),
    ]
    recall = score(observations).recall
    assert recall.value == recall.high == 1.0
    assert recall.low < 0.6


def test_nothing_at_all_is_no_error():
    found = score([])
    assert found.precision.value is None
    assert found.recall.value is None
    assert found.num_candidates == 0
