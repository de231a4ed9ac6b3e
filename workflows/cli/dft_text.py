"""Tables and sentences about DFT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_proposals(campaign_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what could be approved, best first."""
    print_table(
        f"Campaign {campaign_id}: what could be calculated",
        [
            "rank",
            "material",
            "formula",
            "meV above hull",
            "p stable",
            "core-hours",
            "status",
            "why",
        ],
        [
            [
                row["rank"] or "",
                row["material_id"],
                row["formula_pretty"],
                _mev(row["energy_above_hull"]),
                round(row["p_stable"], 3),
                round(row["core_hours"], 1),
                row["status"] or "",
                row["reason"],
            ]
            for row in rows
        ],
    )


def lessons(learned: Mapping[str, Any]) -> list[str]:
    """Say in sentences what was learned."""
    if not learned:
        return ["Nothing was learned yet: no update has seen a result."]
    told = [f"{learned['num_results']} results."]
    if "no_reference" in learned:
        told.append(learned["no_reference"])
    if "reference" in learned:
        told.append(f"{learned['num_new_phases']} new phases in '{learned['reference']}'.")
        told += [f"{each['material_id']}: {each['reason']}" for each in learned["refused"]]
    fitted = learned["calibration"]
    if fitted:
        told.append(
            f"Predicted distances are off by {1000 * fitted['offset']:.1f} meV/atom, and "
            f"{1000 * fitted['bias']:.1f} about that, as of {fitted['num_results']} results."
        )
    for rule, scores in learned["rules"].items():
        names = ("precision", "daf", "recall")
        told.append(f"Rule {rule}: " + "; ".join(_estimate(name, scores[name]) for name in names))
    return told


def _estimate(name: str, estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return f"{name} {estimate['note']}"
    return f"{name} {estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def print_follow_ups(told: Mapping[str, Any]) -> None:
    """Print the follow-ups of a campaign, predicted and found distances beside each other."""
    print_table(
        f"Campaign {told['campaign_id']}: calculations",
        ["id", "material", "formula", "ordering", "kind", "status", "predicted", "DFT meV", "why"],
        [
            [
                row["follow_up_id"][:12],
                row["material_id"],
                row["formula_pretty"],
                row["ordering"],
                row["kind"],
                row["status"],
                _mev(row["predicted_above_hull"]),
                _mev(row["dft_above_hull"]),
                row["why"] or "",
            ]
            for row in told["follow_ups"]
        ],
    )


def _mev(energy: float | None) -> float | str:
    return "" if energy is None else round(1000 * energy, 1)
