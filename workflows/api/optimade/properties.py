"""The properties of OPTIMADE structures: what each is called, where it is stored, what it means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from optimade.models import StructureResource
from optimade.server.schemas import retrieve_queryable_properties

PREFIX = "facet"

STORED = {
    "id": "_id",
    "elements": "elements",
    "nelements": "nelements",
    "elements_ratios": "elements_ratios",
    "chemical_formula_descriptive": "formula_pretty",
    "chemical_formula_reduced": "chemical_formula_reduced",
    "chemical_formula_anonymous": "chemical_formula_anonymous",
    "nsites": "nsites",
    "space_group_it_number": "space_group_number",
}
"""Fields of candidates by the name that OPTIMADE gives them."""

SAME_FOR_ALL: dict[str, Any] = {
    "type": "structures",
    "nperiodic_dimensions": 3,
    "dimension_types": [1, 1, 1],
    "structure_features": [],
}
LAST_MODIFIED = "last_modified"
OF_THE_CRYSTAL = ("lattice_vectors", "cartesian_site_positions", "species", "species_at_sites")
"""Not in the candidate: its relaxation is read where one of them is asked for."""

LENGTHS = {
    "elements": "nelements",
    "elements_ratios": "nelements",
    "cartesian_site_positions": "nsites",
    "species_at_sites": "nsites",
}
"""Where the lengths of lists are stored."""

SORTABLE = {
    "id": "_id",
    "_facet_material_id": "material_id",
    "_facet_energy_above_hull": "energy_above_hull",
}
"""What indexes hold in order."""


@dataclass(frozen=True)
class Own:
    """A property that only Facet serves.

    Attributes:
        stored: Field of the candidate.
        kind: OPTIMADE's name of its type.
        description: What it is.
        unit: In UCUM; None where it has none.
    """

    stored: str
    kind: str
    description: str
    unit: str | None = None


OWN = {
    "_facet_campaign_id": Own("campaign_id", "string", "The campaign that relaxed it."),
    "_facet_material_id": Own("material_id", "string", "Its name in that campaign."),
    "_facet_chemsys": Own("chemsys", "string", "Its elements in alphabetical order, joined by -."),
    "_facet_energy_above_hull": Own(
        "energy_above_hull",
        "float",
        "Signed distance to the convex hull of all other phases, per atom; negative where it "
        "would open the hull.",
        "eV",
    ),
    "_facet_formation_energy_per_atom": Own(
        "formation_energy_per_atom",
        "float",
        "Formation energy per atom in the energy scheme of the campaign's reference.",
        "eV",
    ),
    "_facet_energy_per_atom": Own(
        "energy_per_atom", "float", "Energy per atom by the potential, uncorrected.", "eV"
    ),
    "_facet_fmax": Own(
        "fmax", "float", "Largest force on an atom of the relaxed crystal.", "eV/Ao"
    ),
    "_facet_smax": Own("smax", "float", "Largest component of its stress plus pressure.", "GPa"),
    "_facet_num_steps": Own("num_steps", "integer", "Optimizer steps of the relaxation."),
    "_facet_p_stable": Own(
        "p_stable", "float", "Probability of what the campaign's rule calls stable."
    ),
    "_facet_is_stable": Own(
        "is_stable",
        "boolean",
        "Whether it opens the hull; filter by _facet_energy_above_hull instead.",
    ),
    "_facet_is_flagged": Own(
        "is_flagged",
        "boolean",
        'Whether it deserves DFT by the campaign\'s rule; filter by _facet_verdict="flagged".',
    ),
    "_facet_verdict": Own("verdict", "string", "The verdict of the rule in one word."),
    "_facet_rank": Own("rank", "integer", "Place among the flagged of its campaign, from 1."),
    "_facet_duplicate_of": Own(
        "duplicate_of", "string", "Name of the same crystal with a lower energy."
    ),
    "_facet_known_as": Own("known_as", "string", "Reference phase that is the same crystal."),
    "_facet_potential": Own(
        "potential_fingerprint",
        "string",
        "SHA-256 of weights and config of the potential that relaxed it.",
    ),
}
SERVED = (
    *STORED,
    *SAME_FOR_ALL,
    LAST_MODIFIED,
    *OF_THE_CRYSTAL,
    *OWN,
)


def stored_field(name: str) -> str | None:
    """Return the field of candidates that a filter asks for, None where it asks for none."""
    own = OWN.get(name)
    if own is not None:
        return None if own.kind == "boolean" else own.stored
    return STORED.get(name)


@cache
def known_to_optimade() -> dict[str, dict[str, Any]]:
    """Return the standard properties with what the standard says of each."""
    return dict(retrieve_queryable_properties(StructureResource, ("id", "type", "attributes")))


@cache
def described() -> dict[str, dict[str, Any]]:
    """Return every property that is served, as /info/structures tells them."""
    standard = known_to_optimade()
    told: dict[str, dict[str, Any]] = {}
    for name in SERVED:
        if name in OWN:
            own = OWN[name]
            unit = {} if own.unit is None else {"unit": own.unit}
            told[name] = {"description": own.description, "type": own.kind, **unit}
        else:
            kept = {
                key: standard[name][key]
                for key in ("description", "unit", "type")
                if key in standard[name]
            }
            told[name] = kept | {"type": "string" if name == "type" else kept["type"].value}
        told[name]["sortable"] = name in SORTABLE
    return told
