"""A screened campaign with names that mean harm, for tests of the pages."""

from service_samples import CRYSTALS, campaign, composition, relaxation, relaxed

from db.documents import CandidateDoc, Decomposition, Origin, StructureDoc
from db.documents.candidate import Gate, HullPlace
from db.writes import insert_candidates, insert_structures, save_campaign, write_relaxations

HOSTILE = "<script>alert(1)</script>\"'&/x?y#z%"


def screened(name, distance):
    """A flagged candidate with all that a page shows of it."""
    rival = Decomposition(material_id=HOSTILE, formula="Mg2O", amount=0.25)
    place = HullPlace(energy_above_hull=distance, decomposes_to=(rival,))
    return relaxed(
        "c1",
        name,
        "MgO",
        distance,
        is_flagged=True,
        verdict="flagged",
        p_stable=0.5,
        core_hours=7.0,
        reasons=(f"Because of {HOSTILE}.",),
        hulls={"dft": place},
        gates=(Gate(name="hull", status="passed", sentence=HOSTILE),),
    )


def fill(database):
    """Store the campaign c1: 121 screened candidates, one that waits."""
    save_campaign(database, campaign("c1").model_copy(update={"source": HOSTILE}))
    own = {"structure_id": "s-MgO", "geometry": CRYSTALS["MgO"], **composition("MgO")}
    insert_structures(database, [StructureDoc(**own)])
    write_relaxations(database, [relaxation("MgO", CRYSTALS["MgO"])])
    waiting = CandidateDoc(
        campaign_id="c1",
        material_id="waiting",
        origin=Origin(file="input.cif", index=0),
        structure_id="s-MgO",
        **composition("MgO"),
    )
    others = (screened(f"m{at:03d}", 0.001 * at) for at in range(120))
    insert_candidates(database, [*others, screened(HOSTILE, -0.2), waiting])
