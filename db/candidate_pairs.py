"""Which questions are kept fast among a million candidates: conditions, by the order asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.filters import RANGES

if TYPE_CHECKING:
    from db.filters import CandidateFilter, CandidateSort

NOTHING = ""
"""In place of a condition: all candidates, or all of the campaign."""

EXACT = frozenset({NOTHING, "material_id", "formula", "chemsys"})
OF_CHEMISTRY = frozenset(
    {
        *EXACT,
        "elements_all",
        "elements_any",
        "energy_above_hull",
        "space_group_number",
        "is_flagged",
    }
)
OF_POTENTIALS = frozenset({"potential_fingerprint"})
NOT_FLAGGED = "not_flagged"
"""What ``is_flagged`` asks when it is false."""
OF_LIFE = frozenset({"status", "stop_reason", "verdict", "role"})
OF_SIZE = frozenset({"elements_none", "nsites"})
WITH_THE_ORDER = EXACT | {"is_flagged"}

EVERYWHERE = {
    "energy_above_hull": OF_CHEMISTRY | OF_POTENTIALS,
    "material_id": EXACT,
    "formation_energy_per_atom": frozenset({"material_id", "formula"}),
    "energy_per_atom": frozenset({"material_id", "formula"}),
    "nsites": frozenset({"material_id", "formula"}),
    "formula": frozenset({"material_id", "formula"}),
}
IN_A_CAMPAIGN = {
    "energy_above_hull": OF_CHEMISTRY | OF_LIFE | OF_SIZE,
    "rank": WITH_THE_ORDER,
    "material_id": EXACT,
    "formation_energy_per_atom": WITH_THE_ORDER,
    "energy_per_atom": WITH_THE_ORDER,
    "nsites": WITH_THE_ORDER,
    "formula": WITH_THE_ORDER,
}
"""Every pair holds in both directions, from any place on, and with ``role`` candidate besides."""


def conditions_of(where: CandidateFilter) -> frozenset[str]:
    """Return what is asked, by name, besides the campaign and the role of all candidates."""
    names = {end: name for name, pair in RANGES.items() for end in pair}
    if where.is_flagged is False:
        names["is_flagged"] = NOT_FLAGGED
    asked = {names.get(name, name) for name, value in where if value not in (None, ())}
    return frozenset(asked - {"campaign_id"} - ({"role"} if where.role == "candidate" else set()))


def is_kept_fast(where: CandidateFilter, sort: CandidateSort) -> bool:
    """Whether the first page of this question is promised to come soon.

    Of several conditions none is promised: it comes soon if one of them is rare, or all are common.
    """
    declared = EVERYWHERE if where.campaign_id is None else IN_A_CAMPAIGN
    asked = conditions_of(where) or {NOTHING}
    return len(asked) == 1 and asked <= declared.get(sort.field, frozenset())
