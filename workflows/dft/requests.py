"""Follow-ups as they are asked for: one calculation of a candidate for each magnetic ordering."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from db.documents import RelaxationDoc, pack_geometry
from db.documents.follow_up import FollowUpDoc, Prediction, Request
from db.queries import documents_by_id
from facet.graph.held import held_by_sites
from screening.cost import core_hours, workload
from screening.rules import FlagRule
from screening.schemes import MP2020
from workflows.convert import structure_of
from workflows.dft.magnetism import orderings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pymatgen.core.structure import Structure

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, PackedGeometry
    from workflows.dft.approval import Calculation
    from workflows.dft.magnetism import Ordering
    from workflows.dft.proposals import Ranked


def follow_up_key(relaxation_id: str, digest: str, ordering: str) -> str:
    """SHA-256 of what decides a calculation."""
    text = json.dumps([relaxation_id, digest, ordering])
    return hashlib.sha256(text.encode()).hexdigest()


def crystals(database: MongoDatabase, rows: Iterable[Ranked]) -> Iterator[Structure]:
    """Yield the relaxed crystals of candidates, in their order."""
    keys = [str(each.candidate.relaxation_id) for each in rows]
    return (structure_of(each.geometry) for each in documents_by_id(database, RelaxationDoc, keys))


def follow_ups_for(
    campaign: CampaignDoc,
    row: Ranked,
    structure: Structure,
    calculation: Calculation,
    now: datetime,
) -> list[FollowUpDoc]:
    """Make the follow-ups of a candidate, one for each magnetic ordering."""
    request = _request(campaign, row, structure)
    relaxation_id = str(row.candidate.relaxation_id)
    cost = FlagRule.from_dict(campaign.rule).cost
    return [
        FollowUpDoc(
            follow_up_id=follow_up_key(relaxation_id, calculation.digest, ordering.name),
            relaxation_id=relaxation_id,
            formula_pretty=str(row.candidate.formula_pretty),
            chemsys=str(row.candidate.chemsys),
            nsites=len(ordering.structure),
            maker=calculation.maker,
            maker_digest=calculation.digest,
            ordering=ordering.name,
            ordering_note=ordering.note,
            geometry=_geometry(ordering),
            magmoms=ordering.magmoms,
            cost=core_hours(workload(ordering.structure), cost),
            requests=(request,),
            created_at=now,
        )
        for ordering in orderings(structure, calculation.num_antiferromagnetic)
    ]


def _geometry(ordering: Ordering) -> PackedGeometry:
    structure = ordering.structure
    return pack_geometry(
        structure.atomic_numbers,
        structure.cart_coords,
        structure.lattice.matrix,
        held_by_sites(structure, "crystal"),
    )


def _request(campaign: CampaignDoc, row: Ranked, structure: Structure) -> Request:
    candidate, kind = row.candidate, row.kind
    hull = "dft" if campaign.reference_scheme == MP2020 else "own"
    energy = candidate.corrected_energy
    chance = {"flagged": 1.0, "exploration": row.choice.inclusion_probability, "picked": 0.0}
    return Request(
        campaign_id=campaign.campaign_id,
        material_id=candidate.material_id,
        candidate_id=candidate.candidate_id,
        rule_id=candidate.rule_id,
        kind=kind,
        inclusion_probability=chance[kind],
        is_flagged=candidate.is_flagged,
        rank=row.choice.rank,
        prediction=Prediction(
            energy_above_hull={hull: float(candidate.energy_above_hull or 0.0)},
            p_stable=min(max(row.p_stable, 0.0), 1.0),
            volume_per_atom=structure.volume / len(structure),
            energy_per_atom=None if energy is None else energy / len(structure),
            spread=row.spread,
        ),
    )
