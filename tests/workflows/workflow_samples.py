"""Small crystals and files for the tests of the workflows.

Limits are so loose that every crystal is at rest where it is, so nothing here depends on how good
the bundled potential is; cells are wide, so that few neighbors make it quick.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedEntry

from db.documents import RelaxationDoc
from db.filters import CandidateFilter
from db.indexes import ensure_indexes
from db.queries import candidates
from facet.relaxation.settings import RelaxSettings
from screening.rules import FlagRule
from workflows.campaign import run_campaign, work_of
from workflows.settings import CampaignSettings
from workflows.submit import submit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT_REST = RelaxSettings(fmax=900.0, smax=1e6)
FLAG_ALL = FlagRule(max_energy_above_hull=1000.0)


def rocksalt(cation: str, anion: str, edge: float = 7.0) -> Structure:
    """The primitive cell of a rocksalt compound, edge of the cubic cell in angstrom."""
    half = edge / 2
    lattice = Lattice([[0, half, half], [half, 0, half], [half, half, 0]])
    return Structure(lattice, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def fcc(symbol: str, edge: float = 6.5) -> Structure:
    """The primitive cell of an element in the fcc structure."""
    half = edge / 2
    return Structure([[0, half, half], [half, 0, half], [half, half, 0]], [symbol], [[0, 0, 0]])


def cesium_chloride(first: str, second: str, edge: float = 4.2) -> Structure:
    """The cell of a compound of the CsCl structure."""
    return Structure(Lattice.cubic(edge), [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])


def write_lines(path: Path, crystals: Mapping[str, Structure]) -> Path:
    """Write named crystals as JSON lines."""
    rows = [{"material_id": name, "structure": each.as_dict()} for name, each in crystals.items()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def write_table(folder: Path) -> Path:
    """Write formation energies of the system K-Cl-Na-Br, and energies of its elements beside."""
    phases = {"t-NaCl": ("NaCl", -2.0), "t-KCl": ("KCl", -2.2), "t-NaBr": ("NaBr", -1.8)}
    phases |= {f"t-{symbol}": (symbol, 0.0) for symbol in ("Na", "K", "Cl", "Br")}
    table = {name: {"formula": f, "e_form": energy} for name, (f, energy) in phases.items()}
    path = folder / "known_hull.json"
    path.write_text(json.dumps(table))
    elements = {"Na": -1.3, "K": -1.1, "Cl": -1.8, "Br": -1.6}
    entries = [
        ComputedEntry(symbol, energy, parameters={"run_type": "GGA", "hubbards": {}}).as_dict()
        for symbol, energy in elements.items()
    ]
    (folder / "my-elemental-reference-entries.json").write_text(json.dumps(entries))
    return path


def alloys() -> dict[str, Structure]:
    """Five candidates: one twice, one with an element that no reference holds."""
    return {
        "cu-au": cesium_chloride("Cu", "Au"),
        "au-cu-again": cesium_chloride("Cu", "Au"),
        "ag-au": cesium_chloride("Ag", "Au"),
        "cu-ag": cesium_chloride("Cu", "Ag"),
        "cu-pd": cesium_chloride("Cu", "Pd"),
    }


def metals() -> dict[str, Structure]:
    """Reference phases of the system Ag-Au-Cu."""
    return {symbol: fcc(symbol) for symbol in ("Ag", "Au", "Cu")}


def campaign_settings(folder: Path, **changes: object) -> CampaignSettings:
    """A campaign of alloys on an own hull."""
    asked: dict[str, object] = {
        "candidates": (write_lines(folder / "candidates.jsonl", alloys()),),
        "reference": write_lines(folder / "metals.jsonl", metals()),
        "relax": AT_REST,
        "rule": FLAG_ALL,
    }
    return CampaignSettings(**{**asked, **changes})  # type: ignore[arg-type]


def run_whole(database, settings):
    """Submit and run; return the campaign."""
    ensure_indexes(database)
    campaign = submit(database, settings).campaign
    return run_campaign(database, campaign, work_of(database, campaign), settings.shard_size)


def rows_of(database, campaign, role="candidate"):
    """Candidates or reference phases of a campaign by name."""
    where = CandidateFilter(campaign_id=campaign.campaign_id, role=role)
    return {each.material_id: each for each in candidates(database, where)}


def stored_relaxations(database):
    """How many relaxations are stored."""
    return database[RelaxationDoc.collection].count_documents({})
