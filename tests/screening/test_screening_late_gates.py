"""What the gates say of phonons and elastic constants."""

from __future__ import annotations

import pytest

from screening.evidence import Evidence
from screening.gates.late import dynamical, elastic
from screening.gates.outcome import GateStatus
from screening.rules import FlagRule

EVIDENCE = {
    "stop_reason": "converged",
    "stop_message": "",
    "energy_above_hull": 0.0,
    "no_reference": None,
    "duplicate_of": None,
}


def rule(mode):
    gates = {name: {"mode": mode} for name in ("dynamical", "elastic")}
    return FlagRule.from_dict({"gates": gates})


@pytest.mark.parametrize(
    ("gate", "field", "sentence"),
    [
        (
            dynamical,
            "lowest_frequency",
            "The lowest phonon frequency is -3.46 THz, below the limit of -0.5: the crystal is "
            "dynamically unstable.",
        ),
        (
            elastic,
            "lowest_elastic",
            "The lowest eigenvalue of the elastic tensor is -3.46 GPa, below the limit of 0: the "
            "crystal is elastically unstable.",
        ),
    ],
)
def test_an_unstable_crystal_is_told_of_in_plain_numbers(gate, field, sentence):
    outcome = gate(Evidence(**EVIDENCE, **{field: -3.4567}), rule("fail"))
    assert (outcome.status, outcome.sentence, outcome.value) == ("failed", sentence, -3.4567)
    assert gate(Evidence(**EVIDENCE, **{field: -3.4567}), rule("warn")).status == "warning"


def test_a_frequency_that_is_zero_but_for_noise_is_written_without_a_sign():
    outcome = dynamical(Evidence(**EVIDENCE, lowest_frequency=-3e-8), rule("fail"))
    assert outcome.sentence == "The lowest phonon frequency is 0.00 THz."


@pytest.mark.parametrize("mode", ["warn", "fail"])
def test_what_could_not_be_calculated_is_a_remark_with_its_reason(mode):
    fault = "It did not come to rest: it takes 600 steps."
    outcome = elastic(Evidence(**EVIDENCE, no_elastic=fault), rule(mode))
    assert outcome.status is GateStatus.WARNING
    assert outcome.sentence == (
        f"The lowest eigenvalue of the elastic tensor could not be calculated. {fault}"
    )
    assert elastic(Evidence(**EVIDENCE, no_elastic=fault), rule("off")).status == "skipped"
    assert dynamical(Evidence(**EVIDENCE, no_elastic=fault), rule(mode)).status == "skipped"


def test_the_evidence_of_a_measurement_survives_being_stored():
    evidence = Evidence(**EVIDENCE, no_frequency="It broke.", lowest_elastic=12.5)
    assert Evidence.from_dict(evidence.to_dict()) == evidence
