"""The paired report of a comparison, as plain values: crystal by crystal and summed up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from db.documents import RelaxationDoc, StructureDoc
from db.queries import documents_by_id, known_ids
from workflows.comparison.alignment import amounts_of, fit
from workflows.comparison.decisions import Judgement, decisions_of, judge_with
from workflows.comparison.geometry import geometry_of
from workflows.comparison.outcomes import outcomes_of
from workflows.comparison.peers import Peer
from workflows.comparison.request import AS_THEY_ARE, Comparison
from workflows.comparison.speed import speeds_of
from workflows.comparison.summary import summary_of
from workflows.keys import relaxation_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.client import MongoDatabase
    from db.documents import CandidateDoc
    from facet.relaxation.settings import RelaxSettings
    from workflows.comparison.alignment import Alignment, Amounts

Relaxations = dict[str, RelaxationDoc]
"""By key of the crystal."""


def report_of(
    database: MongoDatabase, comparison: Comparison, runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Compare what is stored; nothing is computed here.

    Args:
        database: Holds the relaxations.
        comparison: What is compared.
        runs: What computing it cost, portion by portion.

    Returns:
        Plain values, units in the names or energies in eV/atom and lengths in angstrom.
    """
    peers = [Peer.from_dict(each) for each in comparison.document.peers]
    ids = [str(each.structure_id) for each in comparison.candidates]
    settings = comparison.settings
    found = {
        each.fingerprint: _relaxations(database, ids, each.fingerprint, settings) for each in peers
    }
    names = [each.material_id for each in comparison.candidates]
    phases = [each.material_id for each in comparison.phases]
    judged = {
        each.fingerprint: judge_with(database, comparison.campaign, each.fingerprint, names, phases)
        for each in peers
    }
    amounts = {
        each.structure_id: amounts_of(each)
        for each in documents_by_id(database, StructureDoc, sorted(set(ids)))
    }
    first, *others = peers
    return {
        "comparison_id": comparison.document.comparison_id,
        "campaign_id": comparison.campaign.campaign_id,
        "num_candidates": len(comparison.candidates),
        "relax_settings": settings.to_dict(),
        "potentials": [
            _potential(each, found[each.fingerprint], judged[each.fingerprint]) for each in peers
        ],
        "speed": speeds_of(peers, found, runs, comparison),
        "known_outcomes": {
            each.label: outcomes_of(judged[each.fingerprint], comparison.campaign) for each in peers
        },
        "pairs": [
            _pair(
                comparison,
                (first, each),
                (found[first.fingerprint], found[each.fingerprint]),
                (judged[first.fingerprint], judged[each.fingerprint]),
                _Energies(amounts, _alignment(database, comparison, first, each)),
            )
            for each in others
        ],
    }


def _relaxations(
    database: MongoDatabase, ids: Iterable[str], fingerprint: str, settings: RelaxSettings
) -> Relaxations:
    plain = settings.to_dict()
    keys = {relaxation_key(each, fingerprint, plain): each for each in ids}
    known = sorted(known_ids(database, RelaxationDoc, keys))
    return {each.structure_id: each for each in documents_by_id(database, RelaxationDoc, known)}


def _potential(peer: Peer, found: Relaxations, judgement: Judgement) -> dict[str, Any]:
    ends = Counter(each.stop_reason for each in found.values())
    steps = [each.num_steps for each in found.values()]
    asked = [each.num_evaluations or 0 for each in found.values()]
    return {
        "name": peer.name,
        "label": peer.label,
        "fingerprint": peer.fingerprint,
        "environment": peer.environment or "facet",
        "is_one_by_one": peer.is_one_by_one,
        "num_relaxed": len(found),
        "ends": dict(ends),
        "steps_per_crystal": sum(steps) / len(steps) if steps else None,
        "evaluations_per_crystal": sum(asked) / len(asked) if asked else None,
        "hull": judgement.hull or None,
        "no_hull": judgement.fault,
    }


def _pair(
    comparison: Comparison,
    peers: tuple[Peer, Peer],
    found: tuple[Relaxations, Relaxations],
    judged: tuple[Judgement, Judgement],
    energies: _Energies,
) -> dict[str, Any]:
    """One potential beside the first."""
    rows = []
    for each in comparison.candidates:
        key, name = str(each.structure_id), each.material_id
        first, other = (side.get(key) for side in found)
        row = {"material_id": name, "formula_pretty": each.formula_pretty, "nsites": each.nsites}
        row |= _row(first, other) | energies.of(key, first, other)
        rows.append(row | decisions_of(*(side.findings.get(name) for side in judged)))
    alignment = energies.alignment
    return {
        "first": peers[0].label,
        "other": peers[1].label,
        "alignment": alignment.to_dict() if alignment else None,
        "summary": summary_of(rows),
        "crystals": rows,
    }


class _Energies(NamedTuple):
    """How energies of two potentials are compared."""

    amounts: Mapping[str, Amounts]
    alignment: Alignment | None

    def of(
        self, key: str, first: RelaxationDoc | None, other: RelaxationDoc | None
    ) -> dict[str, Any]:
        """Difference of two relaxations of one crystal, as it is and aligned, in eV/atom."""
        if first is None or other is None:
            return {}
        energies = [first.energy_per_atom, other.energy_per_atom]
        if energies[0] is None or energies[1] is None:
            return {"energy_per_atom": energies}
        difference = energies[1] - energies[0]
        shift = self.alignment.shift_of(self.amounts[key]) if self.alignment else None
        return {
            "energy_per_atom": energies,
            "energy_difference": difference,
            "aligned_difference": None if shift is None else difference - shift,
        }


def _row(first: RelaxationDoc | None, other: RelaxationDoc | None) -> dict[str, Any]:
    """Two relaxations of one crystal; geometries are compared where both came to rest."""
    both = (first, other)
    row: dict[str, Any] = {
        "ends": [None if each is None else each.stop_reason for each in both],
        "steps": [None if each is None else each.num_steps for each in both],
        "evaluations": [None if each is None else each.num_evaluations for each in both],
    }
    if first is None or other is None:
        return row
    if first.stop_reason == other.stop_reason == "converged":
        row |= geometry_of(first, other)
    return row


def _alignment(
    database: MongoDatabase,
    comparison: Comparison,
    first: Peer,
    other: Peer,
) -> Alignment | None:
    """Fit the shifts on the pool, or on reference phases; never on what is compared."""
    if comparison.pool:
        keys, settings = list(comparison.pool), AS_THEY_ARE
        source = "crystals of a pool, as they are there"
    else:
        keys = [str(each.structure_id) for each in _unlike(comparison)]
        settings, source = comparison.settings, "reference phases of the campaign, relaxed"
    compared = {str(each.structure_id) for each in comparison.candidates}
    keys = sorted(set(keys) - compared)
    stored = {
        each.structure_id: amounts_of(each)
        for each in documents_by_id(database, StructureDoc, keys)
    }
    one, two = (_relaxations(database, keys, each.fingerprint, settings) for each in (first, other))
    differences = [
        (stored[key], two[key].energy_per_atom - one[key].energy_per_atom)  # type: ignore[operator]
        for key in keys
        if key in one and key in two and _has_energy(one[key]) and _has_energy(two[key])
    ]
    return fit(differences, source)


def _unlike(comparison: Comparison) -> list[CandidateDoc]:
    """Reference phases whose formula is none of the compared ones."""
    formulas = {each.formula_pretty for each in comparison.candidates}
    return [each for each in comparison.phases if each.formula_pretty not in formulas]


def _has_energy(relaxation: RelaxationDoc) -> bool:
    is_sound = relaxation.stop_reason in ("converged", "max_steps")
    return is_sound and relaxation.energy_per_atom is not None
