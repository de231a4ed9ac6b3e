"""The paired report as tables for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from workflows.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MILLI = 1000.0
PERCENT = 100.0
NAMED_AT_MOST = 20
"""Crystals of a decision that flips; all are in the JSON document."""


def print_report(report: Mapping[str, Any]) -> None:
    """Print the tables of a comparison and what was computed for it."""
    _print_potentials(report)
    for pair in report["pairs"]:
        rows = [list(each) for each in _measures(pair["summary"])]
        print_table(f"{pair['other']} beside {pair['first']}", ["measure", "value"], rows)
        _print_flips(pair)
        sys.stdout.write(f"{_about_alignment(pair['alignment'])}\n")
    _print_outcomes(report["known_outcomes"])
    for each in report["potentials"]:
        if each["no_hull"]:
            sys.stdout.write(f"{each['label']} has no hull: {each['no_hull']}\n")
    sys.stdout.write(f"{_computed(report)}\n")


def _print_potentials(report: Mapping[str, Any]) -> None:
    speeds = report["speed"]["by_potential"]
    rows = []
    for each in report["potentials"]:
        speed = speeds[each["label"]]
        rate, ratio = speed["structures_per_second"], speed["first_is_faster_by"]
        rows.append(
            [
                each["label"] + (" (one by one)" if each["is_one_by_one"] else ""),
                each["fingerprint"][:12],
                ", ".join(f"{count} {end}" for end, count in sorted(each["ends"].items())),
                _rounded(each["steps_per_crystal"], 1),
                _rounded(each["evaluations_per_crystal"], 1),
                _rounded(rate, 2),
                _rounded(ratio, 2),
                _rounded(speed["microseconds_per_atom_and_evaluation"], 1),
                _rounded(speed["peak_mib"], 0),
            ]
        )
    headings = ["potential", "weights", "ends", "steps", "evaluations", "structures/s"]
    headings += ["times slower", "P, us/atom", "peak MiB"]
    print_table(f"{report['num_candidates']} candidates, one engine", headings, rows)


def _measures(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "both converged", f"{summary['num_both_converged']} of {summary['num']}"
    for name, key in (("energy", "energy_difference"), ("energy, aligned", "aligned_difference")):
        yield f"{name}, meV/atom", _spread(summary[key], MILLI)
    yield "distance to the hull, meV/atom", _spread(summary["disagreement"], MILLI)
    yield "volume, %", _spread(summary["volume_change"], PERCENT)
    yield "lengths, %", _spread(summary["length_change"], PERCENT)
    yield "angles, degrees", _spread(summary["angle_change_degrees"], 1.0)
    yield "RMSD over (volume per atom)^(1/3)", _spread(summary["rmsd"], 1.0)
    yield "unmatched", str(summary["num_unmatched"])
    for tolerance, value in summary["same_space_group"].items():
        yield f"same space group within {tolerance} A", _percent(value)
    yield "stability flips", str(len(summary["stability_flips"]))
    yield "flag flips", str(len(summary["flag_flips"]))


def _print_flips(pair: Mapping[str, Any]) -> None:
    for key, decision, word in (
        ("stability_flips", "is_stable", "stable"),
        ("flag_flips", "is_flagged", "flagged"),
    ):
        flips = pair["summary"][key]
        rows = [
            [
                each["material_id"],
                each["formula_pretty"],
                pair["first"] if each[decision][0] else pair["other"],
                *(_rounded(None if d is None else MILLI * d, 0) for d in each["energy_above_hull"]),
            ]
            for each in flips[:NAMED_AT_MOST]
        ]
        if rows:
            title = f"{word} for one of them only" + (
                f" (the first {NAMED_AT_MOST} of {len(flips)})" if len(flips) > len(rows) else ""
            )
            headings = ["material", "formula", f"{word} for", f"{pair['first']} meV/atom"]
            print_table(title, [*headings, f"{pair['other']} meV/atom"], rows)


def _print_outcomes(outcomes: Mapping[str, Mapping[str, Any] | None]) -> None:
    rows = []
    for label, each in outcomes.items():
        if each is None:
            continue
        cost = each["discoveries"]
        hours = cost["dft_core_hours_per_true_discovery"]
        for name, score in (each["scores"] or {}).items():
            stable = score["stable"]
            rows.append(
                [
                    label,
                    name.replace("_", " "),
                    score["num"],
                    *(_rounded(stable[key], 3) for key in ("precision", "recall", "f1")),
                    _rounded(_times(score["energy_above_hull_mae"], MILLI), 1),
                    _rounded(_times(each["volume"]["mean_absolute"], PERCENT), 2),
                    _rounded(hours, 1),
                ]
            )
    if rows:
        headings = ["potential", "rows", "number", "precision", "recall", "F1"]
        headings += ["hull MAE meV/atom", "volume MAE %", "DFT core-hours per discovery"]
        print_table("Beside DFT's outcomes", headings, rows)


def _about_alignment(alignment: Mapping[str, Any] | None) -> str:
    if alignment is None:
        return "Energies are not aligned: no crystals but the compared ones hold their elements."
    return (
        f"Aligned by element on {alignment['num_crystals']} crystals ({alignment['source']}); "
        f"{MILLI * alignment['residual_ev_per_atom']:.1f} meV/atom are left on them."
    )


def _computed(report: Mapping[str, Any]) -> str:
    if report["is_all_known"]:
        return "Nothing was computed: every relaxation was known."
    told = ", ".join(f"{number} with {label}" for label, number in report["num_computed"].items())
    return f"Computed just now: {told}; the same command again computes nothing."


def _spread(errors: Mapping[str, Any], factor: float) -> str:
    if not errors["num"]:
        return "not known"
    return (
        f"mean {factor * errors['mean']:+.3g}, mean absolute {factor * errors['mean_absolute']:.3g}"
        f", median {factor * errors['median_absolute']:.3g}"
        f", largest {factor * errors['largest']:.3g} ({errors['num']})"
    )


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{PERCENT * value:.0f} %"


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _rounded(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
