"""Verdicts on relaxed candidates, each with the evidence that it rests on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from db.documents import StructureDoc
from db.queries import documents_by_id
from screening.gates.measure import with_crystal
from screening.gates.prototype import compare_prototypes
from screening.hull_distances import HullCandidate, HullDistances, HullName, NoReference
from screening.novelty import group_duplicates, match_known
from screening.verdict import Evidence, judge
from workflows.convert import structure_of
from workflows.findings import NO_ENERGY, Finding
from workflows.judging.prototypes import asks_for_prototypes, judged_with
from workflows.judging.uncertainty import measured_error
from workflows.progress import noted, report
from workflows.stability.evidence import stability_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.client import MongoDatabase
    from screening.rules import FlagRule
    from workflows.findings import Relaxed
    from workflows.judging.surroundings import Surroundings

MEASURED_ENDS = frozenset(("converged", "max_steps", "stopped_early"))
"""How relaxations end that leave a crystal behind."""


def judged(
    database: MongoDatabase, crystals: Sequence[Relaxed], around: Surroundings, rule: FlagRule
) -> list[Finding]:
    """Judge candidates; of several that relaxed to one crystal the lowest is kept.

    What is found does not depend on the order of the candidates.

    Args:
        database: Holds the input crystals.
        crystals: The candidates; those at rest enter the self hull.
        around: What they are measured against.
        rule: Says which of them are flagged.
    """
    at_rest = [each for each in crystals if each.is_converged and each.energy is not None]
    energies = (
        (each.material_id, each.structure, each.energy.total / len(each.structure))
        for each in at_rest
        if each.energy is not None
    )
    copies = group_duplicates(energies, report)
    known = _known_phases(at_rest, around)
    cells = _cells(crystals, copies)
    around.three.put(cells.values())
    measured = stability_evidence(database, (each.relaxation.relaxation_id for each in crystals))
    findings = []
    for each in noted(crystals, "candidates judged", len(crystals)):
        cell = cells.get(each.material_id)
        places = around.three.measure(cell) if cell else _nowhere(each.fault or NO_ENERGY)
        evidence = replace(
            _evidence(each, places, around),
            duplicate_of=copies.get(each.material_id),
            known_as=known.get(each.material_id),
            **measured.get(each.relaxation.relaxation_id, {}),
        )
        findings.append(_finding(each, places, evidence, rule, around))
    return _with_prototypes(database, findings, rule)


def _known_phases(at_rest: Sequence[Relaxed], around: Surroundings) -> dict[str, str]:
    if not around.known:
        return {}
    return match_known(((each.material_id, each.structure) for each in at_rest), around.known)


def _cells(crystals: Sequence[Relaxed], copies: Mapping[str, str]) -> dict[str, HullCandidate]:
    """Candidates with an energy as the hulls see them; copies of one crystal are twins."""
    same = defaultdict(list)
    for each in crystals:
        same[copies.get(each.material_id, each.material_id)].append(each.material_id)
    return {
        each.material_id: HullCandidate(
            material_id=each.material_id,
            composition=each.structure.composition,
            corrected_energy_total=each.energy.total,
            is_converged=each.is_converged,
            twins=tuple(
                name
                for name in same[copies.get(each.material_id, each.material_id)]
                if name != each.material_id
            ),
        )
        for each in crystals
        if each.energy is not None
    }


def _nowhere(reason: str) -> HullDistances:
    return HullDistances({name: NoReference(reason) for name in HullName})


def _evidence(relaxed: Relaxed, places: HullDistances, around: Surroundings) -> Evidence:
    """Collect what is known of a candidate apart from the others."""
    distance = places.distance(around.headline)
    rivals = distance.decomposes_to.values() if distance else ()
    by_hull = {name.value: places.energy_above_hull(name) for name in HullName}
    error = measured_error(relaxed, distance, around.errors)
    evidence = Evidence(
        stop_reason=relaxed.relaxation.stop_reason,
        stop_message=relaxed.relaxation.message,
        energy_above_hull=distance.energy_above_hull if distance else None,
        no_reference=places.no_reference(around.headline),
        duplicate_of=None,
        decomposes_to=tuple(each.formula for each in rivals),
        hull_description=around.description,
        hull_distances={name: value for name, value in by_hull.items() if value is not None},
        spread=error.spread,
        uncertainty=error.uncertainty,
        no_uncertainty=error.reason,
        disagreements=around.disagreements.get(relaxed.material_id, ()),
    )
    return with_crystal(evidence, relaxed.structure) if _has_shape(relaxed) else evidence


def _has_shape(relaxed: Relaxed) -> bool:
    """Say whether a crystal can be measured; one that exploded or failed may have any cell."""
    return relaxed.energy is not None and relaxed.relaxation.stop_reason in MEASURED_ENDS


def _finding(
    relaxed: Relaxed,
    places: HullDistances,
    evidence: Evidence,
    rule: FlagRule,
    around: Surroundings,
) -> Finding:
    return Finding(
        relaxed=relaxed,
        distance=places.distance(around.headline),
        verdict=judge(evidence, rule),
        duplicate_of=evidence.duplicate_of,
        places=places,
        versions=around.three.versions("-".join(sorted(relaxed.structure.symbol_set))),
    )


def _with_prototypes(
    database: MongoDatabase, findings: Sequence[Finding], rule: FlagRule
) -> list[Finding]:
    """Complete flagged candidates by the dearest measure, and judge them again.

    It takes longer than all the others together, and says nothing of those that ended before.
    """
    if not asks_for_prototypes(rule):
        return list(findings)
    wanted = {each.structure_id for each in findings if each.is_flagged and each.structure_id}
    stored = documents_by_id(database, StructureDoc, sorted(wanted))
    inputs = {each.structure_id: each for each in stored}
    return [
        _with_prototype(each, inputs, rule) if each.is_flagged else each
        for each in noted(findings, "prototypes compared", len(findings))
    ]


def _with_prototype(
    finding: Finding, inputs: Mapping[Any, StructureDoc], rule: FlagRule
) -> Finding:
    before = structure_of(inputs[finding.structure_id].geometry)
    change = compare_prototypes(before, finding.relaxed.structure)
    return finding._replace(verdict=judged_with(finding.verdict, change, rule))
