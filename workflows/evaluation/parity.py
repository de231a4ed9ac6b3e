"""Plots of predictions over labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facet.units import gpa_from_ev_per_cubic_angstrom

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from facet.training.evaluate import Comparison


def write_parity_plot(comparison: Comparison, title: str, path: Path) -> None:
    """Plot energies, force components and stress components over their labels as a PNG.

    Args:
        comparison: Labels and predictions.
        title: Heading of the picture.
        path: Where to write it; its folder must be there.
    """
    from matplotlib.figure import Figure  # half a second that only plots need

    labels, predicted = comparison.labels, comparison.predicted
    gpa = gpa_from_ev_per_cubic_angstrom(1.0)
    panels = {
        "energy, eV/atom": (labels.energy / comparison.sizes, predicted.energy / comparison.sizes),
        "forces, eV/Å": (labels.forces, predicted.forces),
        "stress, GPa": (gpa * labels.stress, gpa * predicted.stress),
    }
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    figure.suptitle(title)
    for axes, (quantity, pair) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        _draw(axes, quantity, *pair)
    figure.savefig(path, dpi=120)


def _draw(axes: Axes, quantity: str, label: np.ndarray, predicted: np.ndarray) -> None:
    ends = [min(label.min(), predicted.min()), max(label.max(), predicted.max())]
    axes.plot(ends, ends, color="0.6", linewidth=0.8, zorder=0)
    axes.scatter(label.ravel(), predicted.ravel(), s=3, alpha=0.3, linewidths=0, rasterized=True)
    error = float(np.abs(predicted - label).mean())
    axes.set_title(f"{quantity} (mean absolute error {error:.3g})", fontsize=9)
    axes.set_xlabel("label")
    axes.set_ylabel("predicted")
