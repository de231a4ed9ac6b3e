"""The suite's one table: a line for each measure, a column for each potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from workflows.evaluation.frames import DFT_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MISSING = "-"

NOTES = (
    "In brackets: 95 % of 1,000 bootstrap draws of the candidates.",
    "MPtrj frames are training data of the potentials trained on MPtrj, MACE-MP-0 among them; what "
    "the teacher of facet-s was trained on is not fully known.",
    "Elasticity: errors over the crystals that came to rest and are stable, which differ from one "
    "potential to the next.",
    "WBM: phases of the candidate's own formula are off the hull, for truth and prediction; the "
    "candidates were selected for keeping their prototype, so this is no Matbench Discovery score.",
)
"""What a reader must know beside the figures."""


class Line(NamedTuple):
    """One line of the table.

    Attributes:
        part: Heading that it belongs to.
        measure: What is measured, with its unit.
        path: Keys that lead to the figure in the parts of a result.
        digits: Decimals that are shown; None for a count.
    """

    part: str
    measure: str
    path: tuple[str, ...]
    digits: int | None


FRAME_MEASURES = (
    ("frames", "num_frames", None),
    ("energy MAE, meV/atom", "energy_mae", 1),
    ("energy median, meV/atom", "energy_median", 1),
    ("energy bias, meV/atom", "energy_bias", 1),
    ("forces, mean vector norm, meV/Å", "force_mae", 0),
    ("stress, Frobenius norm, GPa", "stress_mae", 2),
)
DIMERS = (
    ("dimers", "num_dimers", None),
    ("compared: bound by a clean DFT curve", "num_compared", None),
    ("well depth MAE, eV", "depth_mae", 2),
    ("well depth median error, eV", "depth_median", 2),
    ("bond length MAE, Å", "length_mae", 3),
    ("bond length median error, Å", "length_median", 3),
    ("of these not bound here", "num_unbound", None),
    ("without a repulsive wall", "num_without_wall", None),
    ("with spurious minima", "num_with_spurious_minima", None),
    ("with several minima in DFT", "num_with_several_minima_dft", None),
)
ELASTICITY = (
    ("crystals", "num_crystals", None),
    ("did not come to rest, or unstable", "num_failed", None),
    ("bulk modulus MAE, GPa", "bulk_mae", 1),
    ("bulk modulus bias, GPa", "bulk_bias", 1),
    ("bulk modulus median error, %", "bulk_median_percent", 1),
    ("shear modulus MAE, GPa", "shear_mae", 1),
    ("shear modulus median error, %", "shear_median_percent", 1),
)
SMOOTHNESS = (
    ("crystals", "num_crystals", None),
    ("without a minimum", "num_without_minimum", None),
    ("spurious minima", "num_spurious_minima", None),
    ("inflections within 20 % of the volume", "num_inflections", None),
    ("roughness, median, meV/atom", "roughness_median", 3),
    ("roughness, largest, meV/atom", "roughness_max", 3),
)
SEARCHES = (("stable", "stable"), ("near_hull", "≤ 0.1 eV/atom"))
WBM_ERRORS = (
    ("energy MAE, meV/atom", "energy_mae", 1),
    ("energy median error, meV/atom", "energy_median", 1),
    ("energy bias, meV/atom", "energy_bias", 1),
    ("volume MAE, %", "volume_mae", 2),
    ("volume bias, %", "volume_bias", 2),
)


def markdown(document: Mapping[str, Any]) -> str:
    """Write the table of a document of results; lines that nobody was measured by are left out."""
    results: Sequence[Mapping[str, Any]] = document["potentials"]
    rows = [
        "| part | measure | " + " | ".join(str(each["name"]) for each in results) + " |",
        "|---|---|" + "---|" * len(results),
    ]
    for line in _lines():
        cells = [_shown(_at(each["parts"], line.path), line.digits) for each in results]
        if any(cell != MISSING for cell in cells):
            rows.append(f"| {line.part} | {line.measure} | " + " | ".join(cells) + " |")
    return "\n".join([*rows, "", *_notes(results)]) + "\n"


def _lines() -> Iterator[Line]:
    for row in DFT_ROWS:
        for measure, key, digits in FRAME_MEASURES:
            yield Line(row.name, measure, ("frames", row.name, key), digits)
    for part, heading, measures in (
        ("dimers", "dimers", DIMERS),
        ("elasticity", "elasticity", ELASTICITY),
        ("smoothness", "equation of state", SMOOTHNESS),
    ):
        for measure, key, digits in measures:
            yield Line(heading, measure, (part, key), digits)
    yield from _wbm_lines()


def _wbm_lines() -> Iterator[Line]:
    yield Line("WBM", "candidates", ("wbm", "num_candidates"), None)
    yield Line("WBM", "converged", ("wbm", "num_converged"), None)
    states = (
        ("relaxed", "WBM, relaxed"),
        ("unrelaxed", "WBM, not relaxed (baseline)"),
        ("relaxed_without_doubtful", "WBM, relaxed, without doubtful references"),
    )
    for state, heading in states:
        for measure, key, digits in WBM_ERRORS:
            yield Line(heading, measure, ("wbm", state, key), digits)
        for search, name in SEARCHES:
            for ratio in ("precision", "recall", "f1"):
                yield Line(heading, f"{name}: {ratio}", ("wbm", state, search, ratio), 3)
    for search, name in SEARCHES:
        guess = ("wbm", "guess", search)
        yield Line("WBM, guess", f"{name}: F1 by prevalence", (*guess, "prevalence"), 3)
        yield Line("WBM, guess", f"{name}: F1 of taking all", (*guess, "f1_of_all"), 3)


def _at(parts: Mapping[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401 (a figure or a dict)
    value: Any = parts
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _shown(value: Any, digits: int | None) -> str:  # noqa: ANN401 (a figure, a dict, or nothing)
    if value is None:
        return MISSING
    if isinstance(value, dict):
        if value["value"] is None:
            return MISSING
        low, high = (_shown(value[end], digits) for end in ("low", "high"))
        return f"{_shown(value['value'], digits)} ({low} to {high})"
    return str(value) if digits is None else f"{value:.{digits}f}"


def _notes(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from (f"* {note}" for note in NOTES)
    for each in results:
        yield f"* {each['name']}: {each['energy_scheme']}, fingerprint {each['fingerprint'][:12]}."
        doubtful = each["parts"].get("wbm", {}).get("doubtful")
        if doubtful:
            yield f"* {each['name']}: doubtful references of {', '.join(doubtful)}."
