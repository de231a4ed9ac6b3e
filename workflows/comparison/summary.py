"""The rows of a paired report summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.comparison.statistics import errors, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def summary_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up the crystals of a pair; energies in eV/atom."""
    compared = [each for each in rows if "volume_change" in each]
    changes = [[pair[0], pair[1]] for pair in (each["ends"] for each in rows)]
    return {
        "num": len(rows),
        "num_both_converged": len(compared),
        "ends_differ": [
            each["material_id"]
            for each, pair in zip(rows, changes, strict=True)
            if pair[0] != pair[1]
        ],
        "energy_difference": errors(each.get("energy_difference") for each in rows),
        "aligned_difference": errors(each.get("aligned_difference") for each in rows),
        "volume_change": errors(each["volume_change"] for each in compared),
        "length_change": errors(each["length_change"] for each in compared),
        "angle_change_degrees": errors(each["angle_change"] for each in compared),
        "rmsd": errors(each["rmsd"] for each in compared),
        "num_unmatched": sum(each["rmsd"] is None for each in compared),
        "same_space_group": {
            tolerance: share(each["same_space_group"][tolerance] for each in compared)
            for tolerance in (compared[0]["same_space_group"] if compared else {})
        },
        "steps": [_total(rows, "steps", side) for side in (0, 1)],
        "evaluations": [_total(rows, "evaluations", side) for side in (0, 1)],
        "disagreement": errors(each["disagreement"] for each in rows),
        "stability_flips": _named(rows, "stability_flips", "is_stable"),
        "flag_flips": _named(rows, "flag_flips", "is_flagged"),
    }


def _total(rows: Sequence[Mapping[str, Any]], key: str, side: int) -> int:
    return sum(each[key][side] or 0 for each in rows)


def _named(rows: Sequence[Mapping[str, Any]], flips: str, decision: str) -> list[dict[str, Any]]:
    """The crystals on which a decision flips, and what each potential says."""
    return [
        {
            "material_id": each["material_id"],
            "formula_pretty": each["formula_pretty"],
            decision: each[decision],
            "energy_above_hull": each["energy_above_hull"],
        }
        for each in rows
        if each[flips]
    ]
