"""The tables of ``docs/versus-mace.md``, line by line, from what was measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MILLI, PERCENT = 1000.0, 100.0
DIGITS = 12


def weights_line(speed: Mapping[str, Any], opinions: Mapping[str, Any]) -> Iterable[str]:
    """Which weights, and when."""
    fingerprints = {
        speed["sides"]["facet"]["fingerprint"],
        opinions["potentials"][0]["fingerprint"],
    }
    if len(fingerprints) != 1:
        sys.exit("The results are of different weights; measure both anew.")
    yield (
        f"All figures here are of facet-s with the fingerprint {fingerprints.pop()[:DIGITS]}, "
        f"measured on {speed['measured'][:10]}."
    )


def protocol_table(speed: Mapping[str, Any]) -> Iterable[str]:
    """How speed was measured."""
    said, limits = speed["protocol"], speed["protocol"]["relaxation"]
    size, lone = said["candidates"] // said["slices"], said["one_by_one"]["candidates"]
    rows = {
        "": "",
        "---": "---",
        "crystals": f"`campaign_substitution.extxyz.xz`, {said['candidates']} of 788 unrelaxed "
        "candidates, evenly spaced",
        "engine": f"`{limits['optimizer']}`, cell and positions, until {limits['fmax']} eV/Å and "
        f"{limits['smax']} GPa, at most {limits['max_steps']} steps",
        "precision": "single, and one last look in double precision, for both",
        "batches": "at most 512 atoms and 40,000 edges, for both",
        "threads": "one, in one process for each potential",
        "order": f"{said['slices']} slices of {size}, each relaxed by both in turns, who begins "
        f"changes; {said['repeats']} rounds; ratios slice by slice",
        "warm-up": "8 candidates for each, not counted",
        "time": "processor time of the process, which other programs on the machine do not add "
        "to; wall time is in the file too",
        "one by one": "MACE as its users run it: ASE's FIRE with `FrechetCellFilter`, the same "
        f"limits; the first {lone // said['slices']} candidates of every slice, once",
    }
    yield from (row(*each) for each in rows.items())


def speed_table(speed: Mapping[str, Any], opinions: Mapping[str, Any]) -> Iterable[str]:
    """Structures per second in turns, as one stream, in a comparison, and one by one."""
    turns = {each["side"]: each for each in speed["in_turns"]}
    alone = {each["side"]: each for each in speed["one_stream"]}
    facet, mace, lone = turns["facet"], turns["mace"], turns.get("mace-ase")
    number = len(facet["seconds"])
    size = speed["protocol"]["candidates"] // speed["protocol"]["slices"]
    yield from header("", "facet-s", "MACE-MP-0 small", "ratio")
    yield row(
        f"slices of {size}, {number} turns: structures/s",
        spread(facet["structures_per_second"]),
        spread(mace["structures_per_second"]),
        spread(mace["facet_in_engine_is_faster_by"]),
    )
    yield row(
        f"all {speed['protocol']['candidates']} as one stream",
        *(f"{alone[side]['structures_per_second']['median']:.3g}" for side in ("facet", "mace")),
        f"{alone['mace']['facet_in_engine_is_faster_by']['median']:.3g}",
    )
    yield compared_row(opinions)
    if lone:
        fewer = ratio_of_slices(facet, lone)
        yield row(
            f"MACE through ASE, one by one, {lone['candidates']} candidates",
            "",
            spread(lone["structures_per_second"]),
            spread(fewer),
        )
    yield row("evaluations for a crystal, in the engine", *evaluations(facet, mace), "")
    if lone:
        yield row("evaluations for a crystal, one by one", "", *evaluations(lone), "")
    yield row("converged", converged(facet), in_words(mace, lone), "")
    peaks = [max(turns[side]["peak_mib"], alone[side]["peak_mib"]) for side in ("facet", "mace")]
    yield row("peak memory of the process, MiB", *(f"{each:.0f}" for each in peaks), "")


def compared_row(opinions: Mapping[str, Any]) -> str:
    """The same of ``facet compare``, whose candidates are others."""
    rates = opinions["speed"]["by_potential"].values()
    first, other = (each["structures_per_second"] for each in rates)
    name = f"`facet compare`, another {opinions['num_candidates']}, slices of 40"
    return row(name, f"{first:.3g}", f"{other:.3g}", f"{first / other:.3g}")


def ratio_of_slices(facet: Mapping[str, Any], lone: Mapping[str, Any]) -> dict[str, float]:
    """How many times as fast whole slices are as some of their candidates one by one.

    Facet went through the slices more than once, and each turn of the other is set against the
    first time.
    """
    turns = len(lone["seconds"])
    sizes = facet["candidates"] / len(facet["seconds"]), lone["candidates"] / turns
    ratios = sorted(
        (sizes[0] / own) / (sizes[1] / other)
        for own, other in zip(facet["seconds"], lone["seconds"], strict=False)
    )
    quarter = len(ratios) // 4
    return {
        "median": ratios[len(ratios) // 2],
        "lower": ratios[quarter],
        "upper": ratios[-1 - quarter],
    }


def parameters_line(speed: Mapping[str, Any]) -> Iterable[str]:
    """Sizes of both potentials."""
    said, sides = speed["dft_files"], speed["sides"]
    yield (
        f"Facet has {said['facet']['parameters']:,} parameters, MACE-MP-0 small has "
        f"{said['mace']['parameters']:,}; cutoffs are {sides['facet']['cutoff']:g} and "
        f"{sides['mace']['cutoff']:g} Å."
    )


def error_table(speed: Mapping[str, Any]) -> Iterable[str]:
    """Errors on DFT files."""
    measures = (
        ("energy_mae", "energy MAE, meV/atom", ".1f"),
        ("energy_median", "energy median, meV/atom", ".1f"),
        ("force_mae", "forces, mean vector norm, meV/Å", ".0f"),
        ("stress_mae", "stress, Frobenius norm, GPa", ".2f"),
    )
    number = speed["protocol"]["frames"]
    yield f"{number} random frames of each file, in the precision that crystals are relaxed in."
    yield ""
    yield from header("file", "measure", "facet-s", "MACE-MP-0 small")
    files = zip(*(speed["dft_files"][side]["rows"] for side in ("facet", "mace")), strict=True)
    for pair in files:
        for key, words, form in measures:
            yield row(pair[0]["frames"], words, *(format(each[key], form) for each in pair))


def opinion_table(opinions: Mapping[str, Any]) -> Iterable[str]:
    """Differences between the two on the same crystals."""
    (pair,) = opinions["pairs"]
    summary, alignment = pair["summary"], pair["alignment"]
    aligned = f"energy, aligned by element on {alignment['num_crystals']} pool crystals, meV/atom"
    matched = f"RMSD over (volume per atom)^(1/3), {summary['rmsd']['num']} that match"
    yield from header(
        f"{pair['other']} beside {pair['first']}", "mean absolute", "median", "largest"
    )
    for words, key, factor in (
        ("energy, meV/atom", "energy_difference", MILLI),
        (aligned, "aligned_difference", MILLI),
        ("volume, %", "volume_change", PERCENT),
        ("cell lengths, %", "length_change", PERCENT),
        (matched, "rmsd", 1.0),
    ):
        values = (summary[key][each] for each in ("mean_absolute", "median_absolute", "largest"))
        yield row(words, *(significant(factor * value) for value in values))


def flip_lines(opinions: Mapping[str, Any]) -> Iterable[str]:
    """Space groups that agree, decisions that flip, and the crystals that differ most."""
    (pair,) = opinions["pairs"]
    summary = pair["summary"]
    same = sorted(summary["same_space_group"].items())
    shares = [f"{PERCENT * share:.0f} % within {at} Å" for at, share in same]
    yield f"* The space group is the same for {' and '.join(shares)}."
    yield (
        f"* Stability flips for {len(summary['stability_flips'])} of {summary['num']}, the flag "
        f"for {len(summary['flag_flips'])}; the report names them."
    )
    worst = [
        f"{each['formula_pretty']} ({each['energy_difference']:+.2f} eV/atom"
        + ("" if each["volume_change"] is None else f", volume {each['volume_change']:+.0%}")
        + ")"
        for each in pair["differ_most"][:3]
    ]
    yield f"* They differ most on {', '.join(worst)}: MACE less Facet."


def outcome_table(opinions: Mapping[str, Any]) -> Iterable[str]:
    """Both beside known outcomes of DFT."""
    outcomes = list(opinions["known_outcomes"].values())
    certain = [each["scores"]["wbm_without_own_formula"] for each in outcomes]
    number = certain[0]["num"]
    yield from header("beside DFT's outcomes", "facet-s", "MACE-MP-0 small")
    for title, truth in (("stable", "stable"), ("within 50 meV/atom", "near_hull")):
        for measure in ("precision", "recall"):
            values = (f"{each[truth][measure]:.2f}" for each in certain)
            yield row(f"WBM rows ({number}), {title}: {measure}", *values)
    yield row(
        "WBM rows, distance to the hull, MAE in meV/atom",
        *(f"{MILLI * each['energy_above_hull_mae']:.0f}" for each in certain),
    )
    yield row(
        "all rows, formation energy, median error in meV/atom",
        *(f"{MILLI * each['formation_energy']['median_absolute']:.0f}" for each in outcomes),
    )
    yield row(
        "all rows, volume, mean absolute error in %",
        *(f"{PERCENT * each['volume']['mean_absolute']:.1f}" for each in outcomes),
    )
    found = [each["discoveries"] for each in outcomes]
    yield row(
        "flagged, and of these truly stable",
        *(f"{each['num_flagged']}, {each['num_truly_stable']}" for each in found),
    )
    hours = (each["dft_core_hours_per_true_discovery"] for each in found)
    yield row("estimated DFT core-hours for each truly stable one", *(f"{h:.0f}" for h in hours))


def evaluations(*sides: Mapping[str, Any]) -> list[str]:
    """Evaluations for a crystal, by side."""
    return [f"{each['evaluations_per_crystal']:.3g}" for each in sides]


def converged(side: Mapping[str, Any]) -> str:
    """How many candidates came to rest."""
    return f"{round(side['converged'] * side['candidates'])} of {side['candidates']}"


def in_words(mace: Mapping[str, Any], lone: Mapping[str, Any] | None) -> str:
    """The same of MACE, in the engine and one by one."""
    return converged(mace) + (f", one by one {converged(lone)}" if lone else "")


def spread(found: Mapping[str, float]) -> str:
    """A median with its quartiles."""
    return f"{found['median']:.3g} ({found['lower']:.3g} to {found['upper']:.3g})"


def significant(value: float) -> str:
    """Two digits that count, or whole numbers."""
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"  # noqa: PLR2004 (digits)


def header(*cells: str) -> Sequence[str]:
    """First two lines of a table."""
    return row(*cells), row(*("---" for _ in cells))


def row(*cells: str) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"
