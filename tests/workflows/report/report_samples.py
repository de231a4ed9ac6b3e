"""A screened campaign whose names are hostile: made by hand, no potential is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from db.documents import CampaignDoc, CandidateDoc, Origin, RelaxationDoc, pack_geometry
from db.documents.candidate import Chances, Gate
from db.indexes import ensure_indexes
from db.writes import (
    insert_candidates,
    insert_references,
    insert_structures,
    save_campaign,
    write_relaxations,
)
from screening.reference import Reference, ReferencePhase
from screening.rules import FlagRule
from screening.schemes import MP2020
from workflows.convert import structure_document
from workflows.keys import reference_key, relaxation_key
from workflows.references import reference_document

CAMPAIGN = "campaign-1"
FINGERPRINT = "e" * 64
HOSTILE = "<script>alert('x')</script>&\"' \u202eevil \U0001f480"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
ELEMENTS = ("Cl", "K", "Li", "Na", "O")
CRYSTALS = {
    "nacl": ("NaCl", -0.02),
    "kcl": ("KCl", 0.01),
    "na2k": ("Na2KCl3", -0.01),
    "lina": ("LiNaKCl3", 0.03),
    "lina2o": ("LiNaO", 0.2),
    HOSTILE: ("LiCl", -0.05),
}
"""Formula and distance to the hull in eV/atom by name."""


def drawn_of(picture: str) -> ET.Element:
    """Read a picture; one that is not well formed is an error."""
    return ET.fromstring(picture)  # noqa: S314 (made by ourselves just now)


def reference():
    """Five elements and a few of their compounds."""
    phases = [(f"t-{each}", each, 0.0) for each in ELEMENTS]
    phases += [("t-1", "NaCl", -2.1), ("t-2", "KCl", -2.2), ("t-3", "LiCl", -2.0)]
    phases += [("t-4", "NaCl", -2.0), ("t-5", "Li2O", -2.0), ("t-6", "Na2O", -1.4)]
    return Reference(
        name=f"phases {HOSTILE}",
        scheme=MP2020,
        phases=tuple(ReferencePhase(*each) for each in phases),
        element_energies=dict.fromkeys(ELEMENTS, -1.0),
        date="2026-01-01",
        license="CC-BY-4.0",
    )


def crystal(formula: str) -> Structure:
    """Atoms of a formula in a row."""
    symbols = [
        each.symbol for each, number in Composition(formula).items() for _ in range(round(number))
    ]
    places = [[0.0, 0.0, at / len(symbols)] for at in range(len(symbols))]
    return Structure(Lattice.tetragonal(3.5, 3.0 * len(symbols)), symbols, places)


def store_campaign(database, crystals=CRYSTALS, *, limit=0.05, **changes) -> CampaignDoc:
    """Store a campaign as it is when it was screened, and an input that could not be read."""
    ensure_indexes(database)
    insert_references(database, [reference_document(reference())])
    asked = {
        "campaign_id": CAMPAIGN,
        "created_at": START,
        "source": HOSTILE,
        "potential_name": "facet-s",
        "potential_fingerprint": FINGERPRINT,
        "energy_scheme": "PBE+U uncorrected",
        "relax_settings": {"fmax": 0.05, "smax": 0.1, "max_steps": 500},
        "rule": FlagRule(max_energy_above_hull=limit).to_dict(),
        "reference_name": "phases",
        "reference_scheme": MP2020,
        "reference_id": reference_key(reference()),
        "status": "finished",
        "summary": {"hull": "the supplied phases"},
    }
    campaign = CampaignDoc(**{**asked, **changes})
    save_campaign(database, campaign)
    flagged = sorted(
        (name for name, (_, distance) in crystals.items() if distance <= limit),
        key=lambda name: crystals[name][1],
    )
    for at, (name, (formula, distance)) in enumerate(crystals.items()):
        rank = flagged.index(name) + 1 if name in flagged else None
        store_candidate(database, name, (formula, distance, rank, at))
    return campaign


def store_rejected(database):
    """Store an input that could not be read."""
    insert_candidates(
        database,
        [
            CandidateDoc(
                campaign_id=CAMPAIGN,
                material_id="broken",
                origin=Origin(file="broken.cif", index=0),
                status="rejected_input",
                rejection=f"broken.cif: {HOSTILE} has 12 lines",
            )
        ],
    )


def store_candidate(database, name, about):
    """Store a candidate with its crystal and its relaxation."""
    formula, distance, rank, at = about
    structure = crystal(formula)
    document = structure_document(structure)
    relaxation = relaxation_of(structure, document.structure_id, at)
    gates = [("converged", "passed"), ("hull", "passed" if rank else "failed"), ("new", "skipped")]
    candidate = CandidateDoc(
        campaign_id=CAMPAIGN,
        material_id=name,
        origin=Origin(file=HOSTILE, index=at),
        structure_id=document.structure_id,
        formula_pretty=document.formula_pretty,
        chemsys=document.chemsys,
        elements=document.elements,
        nelements=len(document.elements),
        nsites=len(structure),
        status="screened",
        relaxation_id=relaxation.relaxation_id,
        stop_reason="converged",
        num_steps=3,
        energy_per_atom=-3.0,
        formation_energy_per_atom=distance - 2.0,
        energy_above_hull=distance,
        is_stable=distance <= 0,
        is_flagged=rank is not None,
        rank=rank,
        verdict="flagged" if rank else "rejected",
        reasons=(f"A reason with {HOSTILE}.",),
        rule_id="default-1",
        gates=tuple(Gate(name=each, status=end, sentence=HOSTILE) for each, end in gates),
        chances=Chances(on_hull=0.4, within_limit=0.6, limit=0.05, scale=0.04, is_calibrated=False),
        p_stable=0.4,
        core_hours=2.5,
    )
    insert_structures(database, [document])
    write_relaxations(database, [relaxation])
    insert_candidates(database, [candidate])


def relaxation_of(structure, structure_id, at):
    """A relaxation that ended some seconds after the start."""
    return RelaxationDoc(
        relaxation_id=relaxation_key(structure_id, FINGERPRINT, {}),
        structure_id=structure_id,
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={},
        stop_reason="converged",
        message="Converged.",
        nsites=len(structure),
        geometry=pack_geometry(
            structure.atomic_numbers, structure.cart_coords, structure.lattice.matrix
        ),
        energy=-3.0 * len(structure),
        energy_per_atom=-3.0,
        fmax=0.0,
        smax=0.0,
        num_steps=3,
        initial_space_group=1,
        space_group=225,
        wall_share=0.5,
        device=HOSTILE,
        versions={"facet": "0.1.0"},
        created_at=START + timedelta(seconds=10 * at),
    )
