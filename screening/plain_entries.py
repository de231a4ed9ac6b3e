"""Rebuilding pymatgen entries from JSON, taking from it nothing but what a hull needs."""

from __future__ import annotations

from typing import Any

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from screening.entries import plain_structure
from screening.formulas import noble_gases_allowed

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What rebuilding an entry raises where the JSON is not one."""

_TYPES = ("oxide_type", "sulfide_type")


def plain_entry(item: object, entry_id: str | None = None) -> ComputedEntry:
    """Rebuild an entry without corrections, by its energy, run type, U values and structure.

    A file may name any class of any module for pymatgen to import; no such name is followed.

    Args:
        item: What ``as_dict`` of an entry returned.
        entry_id: Its id; when it is not given, the one that it brings.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, IndexError: It is not an entry.
    """
    if not isinstance(item, dict):
        raise TypeError(f"{type(item).__name__} where an object is expected")
    common: dict[str, Any] = {
        "energy": float(item["energy"]),
        "parameters": _parameters(item.get("parameters") or {}),
        "data": _data(item.get("data") or {}),
        "entry_id": entry_id if entry_id is not None else item.get("entry_id"),
    }
    with noble_gases_allowed():
        if item.get("structure"):
            structure = Structure.from_dict(_bare(item["structure"]))
            plain = plain_structure(structure)
            # The energy belongs to the composition, which may be a multiple of the cell.
            composition = Composition(item.get("composition") or plain.composition)
            common["composition"] = composition.element_composition
            return ComputedStructureEntry(plain, **common)
        return ComputedEntry(dict(item["composition"]), **common)


def _parameters(given: dict[str, Any]) -> dict[str, Any]:
    """Keep how an energy was computed."""
    hubbards = {str(symbol): float(u) for symbol, u in (given.get("hubbards") or {}).items()}
    return {"run_type": str(given.get("run_type")), "hubbards": hubbards}


def _data(given: dict[str, Any]) -> dict[str, Any]:
    """Keep what tells which anion corrections apply."""
    kept: dict[str, Any] = {name: str(given[name]) for name in _TYPES if given.get(name)}
    states = given.get("oxidation_states")
    if isinstance(states, dict) and states:
        kept["oxidation_states"] = {str(symbol): float(state) for symbol, state in states.items()}
    return kept


def _bare(value: object) -> Any:  # noqa: ANN401 (JSON of any shape, as it came)
    """Drop names of modules and classes, and properties of sites, from JSON at every depth."""
    if isinstance(value, dict):
        return {
            key: _bare(each)
            for key, each in value.items()
            if not key.startswith("@") and key != "properties"
        }
    if isinstance(value, list):
        return [_bare(each) for each in value]
    return value
