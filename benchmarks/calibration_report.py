"""A calibration's results as a figure and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screening.reliability import LEVELS

if TYPE_CHECKING:
    from pathlib import Path


def draw(document: dict[str, Any], path: Path) -> None:
    """Draw the reliability curves."""
    import matplotlib as mpl  # takes a second

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4.5, 5.4), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", lw=1)
    for name, values in document["uncertainty"].items():
        if not name.startswith("constant"):
            axes.plot(LEVELS, values["curve"], marker=".", label=name)
    axes.set(xlabel="nominal coverage", ylabel="observed coverage", xlim=(0, 1), ylim=(0, 1))
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=120)


def markdown(document: dict[str, Any]) -> str:
    """Table of the kinds of uncertainty, all but the first of them on formulas not fitted to."""
    lines = [
        f"{document['num']} WBM crystals of {document['num_formulas']} formulas: MAE "
        f"{1000 * document['mae']:.1f}, median {1000 * document['median']:.1f}, bias "
        f"{1000 * document['mean_error']:+.1f} meV/atom; rank correlation of spread and error "
        f"{document['spearman']['rho']:.2f}; MAE by quarter of spread "
        + ", ".join(f"{1000 * each:.0f}" for each in document["mae_by_spread_quarter"]),
        "",
        "| uncertainty | a | b meV/atom | offset | NLL | ECE | 50 % | 80 % | 95 % | Brier |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, values in document["uncertainty"].items():
        fitted = values.get("all", {"stretch": 1.0, "bias": 0.0, "offset": 0.0})
        cells = [
            name,
            f"{fitted['stretch']:.2f}",
            f"{1000 * fitted['bias']:.1f}",
            f"{1000 * fitted['offset']:+.1f}",
            f"{values['nll']:.3f}",
            f"{values['ece']:.3f}",
            *(f"{100 * each:.1f}" for each in values["coverage"].values()),
            f"{values['brier']:.4f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    spent = document["seconds"]
    share = spent["energies_of_members"] / spent["energies"] - 1
    flown = document["relaxations"]
    lines += [
        "",
        f"Members cost {100 * share:+.1f} % over the energies of one evaluation, and "
        f"{100 * flown['more_with_members']:+.1f} % ({100 * flown['least']:+.1f} to "
        f"{100 * flown['most']:+.1f}) over a relaxation.",
    ]
    return "\n".join(lines)
