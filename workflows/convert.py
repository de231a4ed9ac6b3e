"""Translations between crystals, results, evidence and documents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from db.documents import (
    Adjustment,
    CandidateDoc,
    CandidateOutcome,
    Decomposition,
    Origin,
    RelaxationDoc,
    SiteProperty,
    StructureDoc,
    pack_geometry,
)
from facet.graph.convert import structure_from
from facet.graph.held import held_by_sites
from facet.graph.neighbors import Crystal
from screening.formulas import element_amounts, pretty_formula
from workflows.keys import structure_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue
    from pymatgen.core.structure import Structure

    from db.documents import PackedGeometry
    from db.documents.fields import CandidateRole
    from screening.corrections import CorrectedEnergy
    from screening.hull import HullDistance
    from screening.verdict import Verdict
    from workflows.inputs import InputCrystal

ON_HULL = 1e-6
"""eV/atom; a candidate this close to the hull opens it or lies on it."""

LARGEST_INTEGER = 2**63
"""Of MongoDB."""


def structure_document(structure: Structure) -> StructureDoc:
    """Document of an input crystal."""
    elements = sorted(element_amounts(structure.composition))
    return StructureDoc(
        structure_id=structure_key(structure),
        formula_pretty=pretty_formula(structure.composition),
        chemsys="-".join(elements),
        elements=tuple(elements),
        nelements=len(elements),
        nsites=len(structure),
        geometry=pack_geometry(
            structure.atomic_numbers,
            structure.cart_coords,
            structure.lattice.matrix,
            held_by_sites(structure, "crystal"),
        ),
        site_properties=tuple(_site_properties(structure)),
    )


def _site_properties(structure: Structure) -> Iterator[SiteProperty]:
    """Everything that the input said of its sites and that is plain enough to be stored."""
    columns = dict(structure.site_properties)
    charges = [getattr(site.specie, "oxi_state", None) for site in structure]
    if any(charge is not None for charge in charges):
        columns.setdefault("oxidation_state", charges)
    for name, values in sorted(columns.items()):
        plain = [_plain(value) for value in values]
        if any(value is not None for value in plain):
            yield SiteProperty(name=name, values=plain)


def _plain(value: object) -> JsonValue:
    """Bring one value of a site to JSON; a number that is not finite and any object become None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < LARGEST_INTEGER else None
    return value if isinstance(value, str) else None


def candidate_document(
    crystal: InputCrystal,
    stored: StructureDoc | None,
    index: int,
    campaign_id: str,
    role: CandidateRole,
) -> CandidateDoc:
    """Document of a crystal's place in a campaign; one with a fault is a rejected input.

    Args:
        crystal: As it was read.
        stored: Its document; None where it has a fault.
        index: Its place in the input.
        campaign_id: The campaign.
        role: Candidate or reference phase.
    """
    common: dict[str, Any] = {
        "campaign_id": campaign_id,
        "material_id": crystal.name,
        "role": role,
        "origin": Origin(file=crystal.origin, index=index),
        "known_outcome": dict(crystal.info) or None,
    }
    if stored is None:
        return CandidateDoc(status="rejected_input", rejection=crystal.fault, **common)
    return CandidateDoc(
        structure_id=stored.structure_id,
        formula_pretty=stored.formula_pretty,
        chemsys=stored.chemsys,
        elements=stored.elements,
        nelements=stored.nelements,
        nsites=stored.nsites,
        **common,
    )


def structure_of(geometry: PackedGeometry) -> Structure:
    """Crystal of a stored geometry."""
    return structure_from(Crystal(*geometry.unpack()))


def relaxed_outcome(relaxation: RelaxationDoc) -> CandidateOutcome:
    """What a candidate learns from its relaxation."""
    return CandidateOutcome(
        status="relaxed",
        relaxation_id=relaxation.relaxation_id,
        potential_fingerprint=relaxation.potential_fingerprint,
        stop_reason=relaxation.stop_reason,
        num_steps=relaxation.num_steps,
        fmax=relaxation.fmax,
        smax=relaxation.smax,
        space_group_number=relaxation.space_group,
        energy_per_atom=relaxation.energy_per_atom,
    )


def screened_outcome(
    energy: CorrectedEnergy | None,
    distance: HullDistance | None,
    verdict: Verdict,
    duplicate_of: str | None,
    rank: int | None,
) -> CandidateOutcome:
    """What a candidate learns from screening."""
    return CandidateOutcome(
        status="screened",
        corrected_energy=energy.total if energy else None,
        adjustments=tuple(
            Adjustment(name=each.name, value=each.value)
            for each in (energy.adjustments if energy else ())
        ),
        formation_energy_per_atom=distance.formation_energy_per_atom if distance else None,
        energy_above_hull=distance.energy_above_hull if distance else None,
        is_stable=distance.energy_above_hull <= ON_HULL if distance else None,
        decomposes_to=tuple(
            Decomposition(material_id=phase_id, formula=share.formula, amount=share.fraction)
            for phase_id, share in (distance.decomposes_to.items() if distance else ())
        ),
        duplicate_of=duplicate_of,
        is_flagged=verdict.is_flagged,
        verdict=verdict.status.value,
        reasons=verdict.reasons,
        rule_id=verdict.rule_id,
        rank=rank,
    )
