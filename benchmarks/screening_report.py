"""The results of the screening benchmark as Markdown and as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.evaluation.discovery_scores import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BEGIN = "<!-- benchmark: begin -->"
END = "<!-- benchmark: end -->"

WORDS = {"stable": "on the hull (0 eV/atom)", "near_hull": "≤ 0.1 eV/atom"}
SETS = {
    "headline": "WBM, own formula off",
    "headline_without_doubtful": "the same without doubtful references",
    "as_shipped": "WBM, hull as shipped",
    "as_shipped_without_doubtful": "the same without doubtful references",
    "as_shipped_all_sources": "all sources, hull as shipped",
}
KINDS = {"constant": "one error for all", "spread": "spread of the committee"}
RATIOS = ("precision", "recall", "f1", "daf")


def markdown(document: Mapping[str, Any]) -> str:
    """Return every table."""
    lines = []
    for name, told in document["potentials"].items():
        lines += [f"### {name} (fingerprint {told['fingerprint'][:12]})", "", *_searches(told), ""]
        lines += [*_uncertainty(told["uncertainty"]), ""]
        if "hulls" in told:
            lines += [*_hulls(told["hulls"], document["own_phases"]), ""]
    first = next(iter(document["potentials"].values()))
    for key, words in {"without_own": "own formula off", "as_shipped": "as shipped"}.items():
        rows = ", ".join(f"{name} ({value:+.3f})" for name, value in first["doubtful"][key].items())
        lines.append(f"* Doubtful references, {words}, with the DFT distance in eV/atom: {rows}.")
    flips = first["labels_that_differ"]
    lines.append(
        f"* The label depends on the own formula in {flips['stable']} rows at 0 and in "
        f"{flips['near_hull']} at 0.1 eV/atom."
    )
    return "\n".join(lines)


def write_table(table: str, path: Path) -> None:
    """Put the tables between the markers of a document."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Draw probabilities against shares for the first potential."""
    import matplotlib as mpl  # takes a second

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    told = next(iter(document["potentials"].values()))["uncertainty"]
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 4.3), layout="constrained", sharey=True)
    for axis, limit in zip(axes, LIMITS, strict=True):
        axis.plot([0, 1], [0, 1], color="0.7", lw=1)
        for kind in [each for each in KINDS if each in told]:
            bins = told[kind][limit]["bins"]
            found = [each["found"] for each in bins]
            ends = [
                [each["found"] - each["low"] for each in bins],
                [each["high"] - each["found"] for each in bins],
            ]
            expected = [each["expected"] for each in bins]
            axis.errorbar(expected, found, ends, marker="o", capsize=2, label=KINDS[kind])
        axis.set(xlabel="expected probability", title=WORDS[limit], xlim=(0, 1), ylim=(0, 1))
    axes[0].set_ylabel("share found by DFT")
    axes[0].legend(frameon=False, loc="lower right", fontsize=8)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _searches(told: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "| candidates | limit | state | MAE, meV/atom | precision | recall | F1 | DAF | "
        "share in truth |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for key, words in SETS.items():
        found = told[key]
        if key == "as_shipped_all_sources" and found["num"] == told["as_shipped"]["num"]:
            continue
        for limit, title in WORDS.items():
            for state, label in {"relaxed": "relaxed", "unrelaxed": "not relaxed"}.items():
                scores = found[state][limit]
                cells = [
                    f"{words} ({found['num']})",
                    title,
                    label,
                    _range(found[state]["mae"], 1000, 0),
                    *(_range(scores[name]) for name in RATIOS),
                    f"{found['guess'][limit]['prevalence']:.3f}",
                ]
                yield _row(cells)


def _uncertainty(told: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in KINDS if kind in told]
    if "spread" not in kinds:
        yield "It has no committee: one error for all, so that its order is that of the distance."
        yield ""
    yield f"| limit | picks | by distance | by probability, {KINDS[kinds[-1]]} | gain |"
    yield "|---|---|---|---|---|"
    for limit, title in WORDS.items():
        for number, scores in told[kinds[-1]][limit]["budgets"].items():
            yield _row(
                [title, number, *(_range(scores[name]) for name in ("without", "with", "gain"))]
            )
    yield ""
    yield "| limit | error | Brier score | expected share | found share | bins: expected / found |"
    yield "|---|---|---|---|---|---|"
    for limit, title in WORDS.items():
        for kind in kinds:
            scores = told[kind][limit]
            bins = ", ".join(
                f"{each['expected']:.2f}/{each['found']:.2f} ({each['num']})"
                for each in scores["bins"]
            )
            figures = [f"{scores[name]:.3f}" for name in ("brier", "expected_share", "found_share")]
            yield _row([title, KINDS[kind], *figures, bins])


def _hulls(told: Mapping[str, Any], phases: Mapping[str, float]) -> Iterator[str]:
    counts = told["num_placed"]
    yield (
        f"Of the WBM rows {counts['dft']} have a place on the dft hull, {counts['own']} on the own "
        f"and {counts['self']} on the self hull ({phases['num']} compounds as "
        f"own phases); on the {told['num']} with all three, own formula off:"
    )
    yield ""
    yield (
        "| hull | MAE, meV/atom | median | bias | precision at 0 | recall | F1 | "
        "precision at 0.1 | recall | F1 |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name in ("dft", "own", "self"):
        if name in told:
            scores = told[name]
            sizes = [f"{1000 * scores[each]:.1f}" for each in ("mae", "median", "bias")]
            shares = [_range(scores[limit][each]) for limit in WORDS for each in RATIOS[:3]]
            yield _row([name, *sizes, *shares])
    if "disagreement" in told:
        apart = told["disagreement"]
        yield ""
        yield (
            f"The dft and the own hull disagree by {1000 * apart['median_size']:.0f} meV/atom "
            "(median size); rank correlation of that size with the error on the dft hull "
            f"{apart['spearman_with_error_on_dft']:.2f}, correlation of the signed values "
            f"{apart['correlation_with_signed_error_on_dft']:.2f}. The potential puts the "
            f"compounds that candidates compete with {1000 * phases['mean']:+.0f} meV/atom (mean) "
            "from DFT."
        )


def _range(scores: Mapping[str, float | None], factor: float = 1.0, digits: int = 2) -> str:
    """A value with its interval."""
    value, low, high = (scores[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "unknown"
    return f"{factor * value:.{digits}f} ({factor * low:.{digits}f} to {factor * high:.{digits}f})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
