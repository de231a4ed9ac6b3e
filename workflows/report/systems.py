"""The chemical systems of a report: where candidates lie beside the phases they compete with."""

from __future__ import annotations

import re
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from db.documents import ReferenceDoc
from db.filters import CandidateFilter
from db.queries import candidates, documents_by_id, known_ids
from screening.formulas import amounts_of
from workflows.dft.proposals import learned_reference
from workflows.references import phases_of
from workflows.report.charts.hulls import Diagram, Phase, Placed
from workflows.report.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc

MOST = {2: 6, 3: 6, 4: 4}
"""Diagrams by number of elements."""

MOST_PLACED = 60
"""Candidates in one diagram."""

MOST_FAR = 0.5
"""Distance in eV/atom beyond which a candidate is not drawn."""

DRAWN_FIELDS = frozenset(
    {"formula_pretty", "formation_energy_per_atom", "energy_above_hull", "is_flagged"}
)
SYMBOL = re.compile(r"[A-Z][a-z]?")


class Systems(NamedTuple):
    """What is drawn, and of how many.

    Attributes:
        diagrams: The systems with the most flagged candidates, then those nearest to the hull.
        numbers: How many systems with placed candidates there are, by number of elements.
        reference: The reference whose phases they hold, without its phases; None without one.
    """

    diagrams: tuple[Diagram, ...]
    numbers: Mapping[int, int]
    reference: dict[str, Any] | None


def systems_of(database: MongoDatabase, campaign: CampaignDoc, facts: Sequence[Fact]) -> Systems:
    """Choose the systems worth a look and gather their phases."""
    reference = _reference(database, campaign)
    by_system: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
    for each in facts:
        if each.distance is not None and each.stored.get("chemsys"):
            by_system[tuple(sorted(str(each.stored["chemsys"]).split("-")))].append(each)
    numbers = {size: sum(len(each) == size for each in by_system) for size in sorted(MOST)}
    if reference is None:
        return Systems((), numbers, None)
    chosen = [each for size in sorted(MOST) for each in _chosen(by_system, size)]
    phases = _phases(reference, chosen)
    diagrams = tuple(Diagram(each, phases[each], _placed(by_system[each], each)) for each in chosen)
    return Systems(diagrams, numbers, _about(reference))


def diagram_around(
    database: MongoDatabase, campaign: CampaignDoc, meant: CandidateDoc
) -> Diagram | None:
    """Gather the chemical system of one candidate, which comes first among those beside it.

    Args:
        database: Holds the phases and the candidates.
        campaign: Whose candidates are drawn; the nearest to the hull, where there are many.
        meant: The candidate.

    Returns:
        None where it cannot be drawn: without a stored reference, of one element or too many, or
        with a candidate that is not placed or lies too far above.
    """
    key = reference_drawn(database, campaign)
    if key is None or not is_drawn(meant):
        return None
    system = tuple(sorted(meant.elements))
    where = CandidateFilter(
        campaign_id=campaign.campaign_id,
        chemsys=meant.chemsys,
        role="candidate",
        max_energy_above_hull=MOST_FAR,
    )
    near = candidates(database, where, limit=MOST_PLACED)
    beside = [_fact(each) for each in near if each.material_id != meant.material_id]
    (first,) = _placed([_fact(meant)], system)
    (reference,) = documents_by_id(database, ReferenceDoc, [key])
    placed = (first._replace(is_meant=True), *_placed(beside, system))
    return Diagram(system, _phases(reference, [system])[system], placed)


def is_drawn(candidate: CandidateDoc) -> bool:
    """Whether a candidate has a place in a diagram, and its system few enough elements."""
    distance, energy = candidate.energy_above_hull, candidate.formation_energy_per_atom
    is_placed = distance is not None and distance <= MOST_FAR and energy is not None
    return is_placed and candidate.nelements in MOST


def reference_drawn(database: MongoDatabase, campaign: CampaignDoc) -> str | None:
    """Return the id of the reference that distances are measured against now, if it is stored."""
    keys = learned_reference(campaign), campaign.summary.get("reference_id"), campaign.reference_id
    asked = [str(key) for key in keys if key]
    known = known_ids(database, ReferenceDoc, asked)
    return next((key for key in asked if key in known), None)


def system_row(diagram: Diagram) -> dict[str, Any]:
    """Return a diagram as plain values, energies in eV/atom."""
    return {
        "chemsys": "-".join(diagram.elements),
        "num_phases": len(diagram.phases),
        "candidates": [
            {
                "material_id": each.name,
                "formula_pretty": each.formula,
                "formation_energy_per_atom": each.energy,
                "energy_above_hull": each.distance,
                "is_flagged": each.is_flagged,
            }
            for each in diagram.placed
        ],
    }


def _chosen(
    by_system: Mapping[tuple[str, ...], Sequence[Fact]], size: int
) -> list[tuple[str, ...]]:
    def worth(system: tuple[str, ...]) -> tuple[int, float, tuple[str, ...]]:
        there = by_system[system]
        nearest = min((each.distance for each in there if each.distance is not None), default=inf)
        return -sum(each.is_flagged for each in there), nearest, system

    within = [each for each in by_system if len(each) == size and worth(each)[1] <= MOST_FAR]
    return sorted(within, key=worth)[: MOST[size]]


def _reference(database: MongoDatabase, campaign: CampaignDoc) -> ReferenceDoc | None:
    """The phases that distances are measured against now, with what DFT found."""
    key = reference_drawn(database, campaign)
    return None if key is None else next(documents_by_id(database, ReferenceDoc, [key]))


def _fact(candidate: CandidateDoc) -> Fact:
    return Fact(candidate.material_id, candidate.model_dump(include=set(DRAWN_FIELDS)), None)


def _about(reference: ReferenceDoc) -> dict[str, Any]:
    plain = reference.model_dump(exclude={"phases", "omitted", "element_energies"})
    return plain | {"num_phases": len(reference.phases), "num_omitted": len(reference.omitted)}


def _phases(
    reference: ReferenceDoc, systems: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[Phase, ...]]:
    """The lowest phase of each formula inside each system, elements first."""
    within = {system: frozenset(system) for system in systems}
    wanted = frozenset().union(*within.values())
    found: dict[tuple[str, ...], dict[str, Phase]] = {each: _elements(each) for each in within}
    for each in phases_of(reference):
        symbols = frozenset(SYMBOL.findall(each.formula))
        if not symbols <= wanted:
            continue
        for system, elements in within.items():
            if len(symbols) > 1 and symbols <= elements:
                phase = Phase(
                    each.formula, _fractions(each.formula, system), each.formation_energy_per_atom
                )
                before = found[system].get(each.formula)
                if before is None or phase.energy < before.energy:
                    found[system][each.formula] = phase
    return {system: tuple(each.values()) for system, each in found.items()}


def _elements(system: tuple[str, ...]) -> dict[str, Phase]:
    """Elements at zero, where formation energies count from."""
    return {symbol: Phase(symbol, _fractions(symbol, system), 0.0) for symbol in system}


def _placed(facts: Sequence[Fact], system: tuple[str, ...]) -> tuple[Placed, ...]:
    """Candidates in their order: flagged ones by rank, then the others by distance."""
    near = [each for each in facts if (each.distance or 0.0) <= MOST_FAR]
    near.sort(key=lambda each: (not each.is_flagged, each.distance, each.material_id))
    return tuple(
        Placed(
            name=each.material_id,
            formula=str(each.stored["formula_pretty"]),
            fractions=_fractions(str(each.stored["formula_pretty"]), system),
            energy=float(each.formation_energy or 0.0),
            distance=float(each.distance or 0.0),
            is_flagged=each.is_flagged,
        )
        for each in near[:MOST_PLACED]
    )


def _fractions(formula: str, system: tuple[str, ...]) -> tuple[float, ...]:
    amounts = amounts_of(formula)
    total = sum(amounts.values())
    return tuple(amounts.get(symbol, 0.0) / total for symbol in system)
