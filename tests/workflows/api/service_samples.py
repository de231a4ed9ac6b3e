"""A web service on a port of this machine, and candidates for it to serve."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import uvicorn

from db.client import open_database
from db.documents import (
    CampaignDoc,
    CandidateDoc,
    FollowUpDoc,
    Origin,
    RelaxationDoc,
    StructureDoc,
    pack_geometry,
)
from db.indexes import ensure_indexes
from db.settings import DbSettings
from db.writes import insert_candidates, insert_structures, save_campaign, write_relaxations
from workflows.api.app import create_app
from workflows.api.settings import ServeSettings
from workflows.cli.serve import listening_socket

TOKEN = "a-token-of-the-tests"  # noqa: S105 (no secret)
FINGERPRINT = "f" * 64
WHEN = datetime(2026, 11, 1, tzinfo=UTC)
ROCKSALT = [[0.0, 2.1, 2.1], [2.1, 0.0, 2.1], [2.1, 2.1, 0.0]]
PEROVSKITE = [[3.9, 0.0, 0.0], [0.0, 3.9, 0.0], [0.0, 0.0, 3.9]]
CRYSTALS = {
    "MgO": pack_geometry([12, 8], [[0, 0, 0], [2.1, 2.1, 2.1]], ROCKSALT),
    "LiF": pack_geometry([3, 9], [[0, 0, 0], [2.1, 2.1, 2.1]], ROCKSALT),
    "SrTiO3": pack_geometry(
        [38, 22, 8, 8, 8],
        [[0, 0, 0], [1.95] * 3, [1.95, 1.95, 0], [1.95, 0, 1.95], [0, 1.95, 1.95]],
        PEROVSKITE,
    ),
}
COMPOSITION = {
    "MgO": {"chemsys": "Mg-O", "elements": ("Mg", "O"), "nelements": 2, "nsites": 2},
    "LiF": {"chemsys": "F-Li", "elements": ("F", "Li"), "nelements": 2, "nsites": 2},
    "SrTiO3": {
        "chemsys": "O-Sr-Ti",
        "elements": ("O", "Sr", "Ti"),
        "nelements": 3,
        "nsites": 5,
    },
}
HOSTILE = 'a/b "c" $where <i>é'
"""A name with all that paths, filters and pages could stumble over."""


def composition(formula):
    return {"formula_pretty": formula, **COMPOSITION[formula]}


def campaign(name):
    return CampaignDoc(
        campaign_id=name,
        created_at=WHEN,
        source="input.cif",
        potential_name="facet-s",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        relax_settings={"fmax": 0.05},
        rule={"max_energy_above_hull": 0.05},
        reference_name="metals",
    )


def relaxed(campaign_id, name, formula, distance, **changes):
    """A candidate that was relaxed to rest and screened."""
    fields = {
        "campaign_id": campaign_id,
        "material_id": name,
        "origin": Origin(file="input.cif", index=0),
        "structure_id": f"s-{formula}",
        "status": "screened",
        "relaxation_id": f"r-{formula}",
        "stop_reason": "converged",
        "potential_fingerprint": FINGERPRINT,
        "space_group_number": 225,
        "energy_above_hull": distance,
        "is_flagged": distance <= 0.05,
        "verdict": "flagged" if distance <= 0.05 else "rejected",
        "reasons": ("It lies near the hull.",),
        **composition(formula),
    }
    return CandidateDoc(**(fields | changes))


def fill(database):
    """Store two campaigns: seven candidates that are at rest, one that is not, one unreadable."""
    ensure_indexes(database)
    for name in ("c1", "c2"):
        save_campaign(database, campaign(name))
    structures, relaxations = [], []
    for formula, geometry in CRYSTALS.items():
        own = {"geometry": geometry, **composition(formula)}
        structures.append(StructureDoc(structure_id=f"s-{formula}", **own))
        relaxations.append(relaxation(formula, geometry))
    insert_structures(database, structures)
    write_relaxations(database, relaxations)
    unreadable = CandidateDoc(
        campaign_id="c1",
        material_id="broken",
        origin=Origin(file="broken.cif", index=0),
        status="rejected_input",
        rejection="No crystal.",
    )
    insert_candidates(
        database,
        [
            *(relaxed("c1", f"m{at}", "MgO", 0.02 * at) for at in range(4)),
            relaxed("c1", HOSTILE, "LiF", -0.01),
            relaxed("c2", "m0", "SrTiO3", 0.3),
            relaxed("c2", "m1", "MgO", 0.01),
            relaxed("c2", "m2", "MgO", 0.9, stop_reason="max_steps"),
            unreadable,
        ],
    )


def relaxation(formula, geometry):
    return RelaxationDoc(
        relaxation_id=f"r-{formula}",
        structure_id=f"s-{formula}",
        potential_fingerprint=FINGERPRINT,
        energy_scheme="PBE+U uncorrected",
        settings={"fmax": 0.05},
        stop_reason="converged",
        message="Forces and stress are below their limits.",
        nsites=geometry.num_sites,
        geometry=geometry,
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


def follow_up(status="approved"):
    """A calculation of the candidate m1 of c1."""
    request = {
        "campaign_id": "c1",
        "material_id": "m1",
        "candidate_id": "c1/m1",
        "kind": "flagged",
        "inclusion_probability": 1.0,
        "prediction": {"p_stable": 0.5, "volume_per_atom": 9.0},
    }
    return FollowUpDoc(
        follow_up_id="f1",
        relaxation_id="r-MgO",
        formula_pretty="MgO",
        chemsys="Mg-O",
        nsites=2,
        maker="some.module:Maker",
        maker_digest="d1",
        ordering="ferromagnetic",
        geometry=CRYSTALS["MgO"],
        magmoms=(0.0, 0.0),
        cost=3.0,
        requests=(request,),
        status=status,
        created_at=WHEN,
    )


@contextmanager
def filled_database(home):
    """Yield a database of the samples, for tests that only read."""
    settings = DbSettings(mongo_uri=None, home=home, database=f"test_{uuid4().hex}")
    with open_database(settings) as database:
        fill(database)
        yield database
        database.client.drop_database(database.name)


@contextmanager
def served_samples(home):
    """Yield a client of a service of the samples, for tests that only read."""
    with filled_database(home) as database, serving(database) as client:
        yield client


@contextmanager
def serving(database, **changes):
    """Yield a client of a service that runs in a thread until the block ends."""
    settings = ServeSettings(**{"port": 0, **changes})
    listening = listening_socket(settings)
    config = uvicorn.Config(
        create_app(settings, database), log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
