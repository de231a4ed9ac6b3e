"""A screened campaign with names that mean harm, for tests of the web service."""

from datetime import UTC, datetime

from db.documents import (
    CampaignDoc,
    CandidateDoc,
    Decomposition,
    Origin,
    RelaxationDoc,
    StructureDoc,
    pack_geometry,
)
from db.documents.candidate import Gate, HullPlace
from db.writes import insert_candidates, insert_structures, save_campaign, write_relaxations

HOSTILE = "<script>alert(1)</script>\"'&/x?y#z%"
WHEN = datetime(2026, 11, 1, tzinfo=UTC)
CELL = [[0.0, 2.1, 2.1], [2.1, 0.0, 2.1], [2.1, 2.1, 0.0]]
ROCKSALT = pack_geometry([12, 8], [[0.0, 0.0, 0.0], [2.1, 2.1, 2.1]], CELL)
FINGERPRINT = "f" * 64
MGO = {
    "formula_pretty": "MgO",
    "chemsys": "Mg-O",
    "elements": ("Mg", "O"),
    "nelements": 2,
    "nsites": 2,
}


def candidate(name, **changes):
    fields = {
        "campaign_id": "c1",
        "material_id": name,
        "origin": Origin(file="input.cif", index=0),
        "structure_id": "s1",
        **MGO,
    }
    return CandidateDoc(**(fields | changes))


def screened(name, distance, **changes):
    place = HullPlace(
        energy_above_hull=distance,
        decomposes_to=(Decomposition(material_id=HOSTILE, formula="Mg2O", amount=0.25),),
    )
    found = {
        "status": "screened",
        "relaxation_id": "r1",
        "stop_reason": "converged",
        "energy_above_hull": distance,
        "verdict": "flagged",
        "is_flagged": True,
        "p_stable": 0.5,
        "core_hours": 7.0,
        "reasons": (f"Because of {HOSTILE}.",),
        "hulls": {"dft": place},
        "gates": (Gate(name="hull", status="passed", sentence=HOSTILE),),
    }
    return candidate(name, **(found | changes))


def fill(database):
    """Store the campaign c1: 121 screened candidates, one that waits."""
    campaign = CampaignDoc(
        campaign_id="c1",
        created_at=WHEN,
        source=HOSTILE,
        potential_name="facet-s",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        relax_settings={"fmax": 0.05},
        rule={"max_energy_above_hull": 0.05},
        counts={"flagged": 3},
    )
    save_campaign(database, campaign)
    insert_structures(database, [StructureDoc(structure_id="s1", geometry=ROCKSALT, **MGO)])
    relaxation = RelaxationDoc(
        relaxation_id="r1",
        structure_id="s1",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={"fmax": 0.05},
        stop_reason="converged",
        message="Forces and stress are below their limits.",
        nsites=2,
        geometry=ROCKSALT,
        energy=-12.0,
        energy_per_atom=-6.0,
        fmax=0.01,
        smax=0.02,
        num_steps=17,
        wall_share=0.3,
        device="cpu",
        versions={},
        created_at=WHEN,
    )
    write_relaxations(database, [relaxation])
    others = [screened(f"m{at:03d}", 0.001 * at) for at in range(120)]
    rows = [*others, screened(HOSTILE, -0.2), candidate("waiting")]
    insert_candidates(database, rows)
