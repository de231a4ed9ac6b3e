"""Numbers as people read them."""

from __future__ import annotations

_FEW_MEV = 9.95


def mev(energy: float) -> str:
    """Write an energy in eV as meV, with a decimal where it is small."""
    value = energy * 1000.0
    return f"{value:.1f}" if abs(value) < _FEW_MEV else f"{value:.0f}"


def percent(probability: float) -> str:
    """Write a probability as a percentage, with a decimal where it is near 0 or 1."""
    is_extreme = min(probability, 1.0 - probability) < 0.01  # noqa: PLR2004 (one percent)
    return f"{100.0 * probability:.1f} %" if is_extreme else f"{100.0 * probability:.0f} %"
