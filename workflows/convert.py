"""Translations between crystals, results, evidence and documents."""

from __future__ import annotations

import math
import platform
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from db.documents import (
    Adjustment,
    Blob,
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
from workflows.curves import stored_curve
from workflows.device_names import device_name, num_threads
from workflows.keys import relaxation_key, structure_key
from workflows.symmetry import space_group_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue
    from pymatgen.core.structure import Structure

    from db.documents import PackedGeometry
    from db.documents.fields import CandidateRole
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from screening.corrections import CorrectedEnergy
    from screening.hull import HullDistance
    from screening.verdict import Verdict
    from workflows.inputs import InputCrystal

ON_HULL = 1e-6
"""eV/atom; a candidate this close to the hull opens it or lies on it."""

VERSIONED = ("facet", "torch", "e3nn", "mace-torch", "moyopy")
"""Packages that decide a relaxation, where they are installed."""

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


def relaxation_document(
    stored: StructureDoc, result: RelaxResult, potential: Potential, settings: RelaxSettings
) -> RelaxationDoc:
    """Document of the end of the relaxation of a stored crystal.

    A crystal that the potential could not even read keeps the geometry that it is stored with.
    """
    plain = settings.to_dict()
    was_read = len(result.species) > 0
    geometry = pack_geometry(result.species, result.positions, result.cell, result.is_held)
    way = result.trajectory
    return RelaxationDoc(
        relaxation_id=relaxation_key(stored.structure_id, potential.fingerprint, plain),
        structure_id=stored.structure_id,
        potential_fingerprint=potential.fingerprint,
        energy_scheme=potential.energy_scheme,
        settings=plain,
        stop_reason=result.stop_reason.value,
        # Several campaigns may share this document, and in each the crystal has its own name.
        message=result.message.removeprefix(f"{result.name}: "),
        nsites=stored.nsites,
        geometry=geometry if was_read else stored.geometry,
        energy=result.energy,
        energy_per_atom=result.energy / stored.nsites,
        fmax=result.fmax,
        smax=result.smax,
        num_steps=result.num_steps,
        num_evaluations=result.num_evaluations,
        initial_space_group=space_group_number(Crystal(*stored.geometry.unpack())),
        space_group=space_group_number(result.crystal) if was_read else None,
        symmetric_energy=result.symmetric_energy,
        trajectory=None if way is None else Blob.of(way.to_bytes()),
        num_frames=0 if way is None else len(way.frame_index),
        **stored_curve(result.curve)._asdict(),
        member_offsets=_packed(result.member_offsets),
        wall_share=result.wall_share,
        device=str(potential.device),
        device_name=device_name(str(potential.device)),
        num_threads=num_threads(str(potential.device)),
        versions=dict(_versions()),
        created_at=datetime.now(UTC),
    )


def _packed(offsets: np.ndarray | None) -> bytes | None:
    return None if offsets is None else offsets.astype("<f4").tobytes()


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Versions of the programs that decide a document; looking them up takes milliseconds."""
    installed = []
    for name in VERSIONED:
        with suppress(PackageNotFoundError):
            installed.append((name, version(name)))
    return (*installed, ("python", platform.python_version()))


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
