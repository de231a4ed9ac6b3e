"""Documents to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from db.documents import (
    CampaignDoc,
    CandidateDoc,
    Origin,
    PackedGeometry,
    ReferenceDoc,
    RelaxationDoc,
    StructureDoc,
    pack_geometry,
)

FINGERPRINT = "f" * 64


def rocksalt() -> PackedGeometry:
    cell = [[0.0, 2.1, 2.1], [2.1, 0.0, 2.1], [2.1, 2.1, 0.0]]
    return pack_geometry([12, 8], [[0.0, 0.0, 0.0], [2.1, 2.1, 2.1]], cell)


def structure(name: str = "s1", **changes: Any) -> StructureDoc:
    fields: dict[str, Any] = {
        "structure_id": name,
        "formula_pretty": "MgO",
        "chemsys": "Mg-O",
        "elements": ("Mg", "O"),
        "nelements": 2,
        "nsites": 2,
        "geometry": rocksalt(),
    }
    return StructureDoc(**(fields | changes))


def relaxation(name: str = "r1", **changes: Any) -> RelaxationDoc:
    fields: dict[str, Any] = {
        "relaxation_id": name,
        "structure_id": "s1",
        "potential_fingerprint": FINGERPRINT,
        "energy_scheme": "PBE+U uncorrected",
        "settings": {"fmax": 0.05},
        "stop_reason": "converged",
        "message": "Forces and stress are below their limits.",
        "nsites": 2,
        "geometry": rocksalt(),
        "energy": -12.0,
        "energy_per_atom": -6.0,
        "fmax": 0.01,
        "smax": 0.02,
        "num_steps": 17,
        "wall_share": 0.3,
        "device": "cpu",
        "versions": {"torch": "2.13.0"},
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return RelaxationDoc(**(fields | changes))


def candidate(name: str = "m1", **changes: Any) -> CandidateDoc:
    fields: dict[str, Any] = {
        "campaign_id": "c1",
        "material_id": name,
        "origin": Origin(file="input.cif", index=0),
        "structure_id": "s1",
        "formula_pretty": "MgO",
        "chemsys": "Mg-O",
        "elements": ("Mg", "O"),
        "nelements": 2,
        "nsites": 2,
    }
    return CandidateDoc(**(fields | changes))


def campaign(name: str = "c1", **changes: Any) -> CampaignDoc:
    fields: dict[str, Any] = {
        "campaign_id": name,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
        "source": "input.cif",
        "potential_name": "facet-s",
        "potential_fingerprint": FINGERPRINT,
        "energy_scheme": "PBE+U uncorrected",
        "relax_settings": {"fmax": 0.05},
        "rule": {"max_energy_above_hull": 0.05},
    }
    return CampaignDoc(**(fields | changes))


def reference(name: str = "ref", **changes: Any) -> ReferenceDoc:
    fields: dict[str, Any] = {
        "reference_id": name,
        "name": "Materials Project",
        "scheme": "MP2020",
        "date": "2023-02-07",
        "license": "CC-BY-4.0",
        "coverage": "all known phases",
        "element_energies": {"O": -4.9},
        "phases": (),
    }
    return ReferenceDoc(**(fields | changes))
