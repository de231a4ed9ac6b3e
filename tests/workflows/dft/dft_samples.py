"""Campaigns that are screened already, without a potential: pairs of metals, hulls of elements."""

from __future__ import annotations

from datetime import UTC, datetime

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from recorded_dft import ELEMENT_ENERGY, task_document

from db.documents import CampaignDoc, CandidateDoc, Origin, RelaxationDoc, pack_geometry
from db.filters import CandidateFilter, CandidateSort
from db.indexes import ensure_indexes
from db.queries import candidates, documents_by_id
from db.writes import (
    insert_candidates,
    insert_references,
    insert_structures,
    save_campaign,
    update_candidates,
    write_relaxations,
)
from screening.cost import core_hours, workload
from screening.evidence import Evidence
from screening.gates.limits import Gates, Mode, PrototypeGate
from screening.reference import Reference, ReferencePhase
from screening.rules import BudgetRule, FlagRule
from screening.schemes import MP2020
from screening.verdict import judge
from workflows.convert import structure_document, structure_of
from workflows.dft.recording import record
from workflows.dft.retelling import changed_outcomes
from workflows.judging.anew import judged_anew, news_of
from workflows.judging.stored import verdict_fields
from workflows.judging.worth import Worth
from workflows.keys import reference_key, relaxation_key
from workflows.references import reference_document

RECORDED = "recorded_dft:RecordedMaker"
METALS = ("Ag", "Al", "Au", "Ca", "Cd", "Cu", "Ga", "Hf", "Hg", "In", "K", "Li", "Mg", "Na", "Nb",
          "Pd", "Pt", "Rb", "Sc", "Sr", "Ti")  # fmt: skip
FINGERPRINT = "f" * 64
RULE = FlagRule(
    max_energy_above_hull=0.05,
    budget=BudgetRule(exploration_share=0.1),
    gates=Gates(prototype=PrototypeGate(Mode.OFF)),
)


def table():
    """A reference of elements only."""
    return Reference(
        name="known",
        scheme=MP2020,
        phases=tuple(ReferencePhase(f"t-{each}", each, 0.0) for each in METALS),
        element_energies=dict.fromkeys(METALS, ELEMENT_ENERGY),
        date="2023-02-07",
    )


def pair(first, second):
    return Structure(Lattice.cubic(4.2), [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])


def predicted_formation(index: int) -> float:
    """eV/atom; a third of the candidates is near the hull."""
    return (index % 9 - 2) * 0.03


def store_campaign(database, number, campaign_id="campaign-1", *, reference=True) -> CampaignDoc:
    """Store a campaign as it is when it was screened."""
    ensure_indexes(database)
    key = reference_key(table())
    if reference:
        insert_references(database, [reference_document(table())])
    campaign = CampaignDoc(
        campaign_id=campaign_id,
        created_at=datetime.now(UTC),
        source="pairs",
        potential_name="fake",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        relax_settings={},
        rule=RULE.to_dict(),
        reference_name="known",
        reference_scheme=MP2020 if reference else f"own+MP2020:{FINGERPRINT}",
        reference_id=key if reference else None,
        status="finished",
    )
    save_campaign(database, campaign)
    pairs = [(a, b) for at, a in enumerate(METALS) for b in METALS[at + 1 :]][:number]
    for index, (first, second) in enumerate(pairs):
        store_candidate(database, campaign, pair(first, second), index)
    choose_again(database, campaign)
    return stored(database, campaign)


def choose_again(database, campaign):
    """Rank and choose among the candidates that are stored, as screening does."""
    where = CandidateFilter(campaign_id=campaign.campaign_id)
    rows = list(candidates(database, where, CandidateSort(field="material_id")))
    again = judged_anew(database, rows, news_of(campaign, None), RULE, campaign.campaign_id)
    update_candidates(database, changed_outcomes(rows, again))


def verdict_on(formation):
    """The verdict on a candidate of which only the distance is known."""
    return judge(Evidence("converged", "Converged.", formation, None, None), RULE)


def store_candidate(database, campaign, structure, index):
    formation = predicted_formation(index)
    energy = len(structure) * (ELEMENT_ENERGY + formation)
    document = structure_document(structure)
    relaxation = RelaxationDoc(
        relaxation_id=relaxation_key(document.structure_id, FINGERPRINT, {}),
        structure_id=document.structure_id,
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={},
        stop_reason="converged",
        message="Converged.",
        nsites=len(structure),
        geometry=pack_geometry(
            structure.atomic_numbers, structure.cart_coords, structure.lattice.matrix
        ),
        energy=energy,
        energy_per_atom=energy / len(structure),
        fmax=0.0,
        smax=0.0,
        num_steps=1,
        wall_share=0.0,
        device="cpu",
        versions={},
        created_at=datetime.now(UTC),
    )
    candidate = CandidateDoc(
        campaign_id=campaign.campaign_id,
        material_id=f"pair-{index}",
        origin=Origin(file="pairs", index=index),
        structure_id=document.structure_id,
        formula_pretty=document.formula_pretty,
        chemsys=document.chemsys,
        elements=document.elements,
        nelements=2,
        nsites=2,
        status="screened",
        relaxation_id=relaxation.relaxation_id,
        potential_fingerprint=FINGERPRINT,
        stop_reason="converged",
        energy_per_atom=energy / 2,
        corrected_energy=energy,
        formation_energy_per_atom=formation,
        energy_above_hull=formation,
        is_stable=formation <= 0,
        **verdict_fields(
            verdict_on(formation), Worth(core_hours=core_hours(workload(structure), RULE.cost))
        ),
    )
    insert_structures(database, [document])
    write_relaxations(database, [relaxation])
    insert_candidates(database, [candidate])


def stored(database, campaign) -> CampaignDoc:
    (found,) = documents_by_id(database, CampaignDoc, [campaign.campaign_id])
    return found


def give_result(database, follow_up, **changes):
    """Record a calculation of a follow-up that ran elsewhere."""
    document = task_document(structure_of(follow_up.geometry), **changes)
    return record(database, follow_up.follow_up_id, document)
