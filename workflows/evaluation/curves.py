"""What the shape of an energy curve says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def num_minima(values: Sequence[float] | np.ndarray, tolerance: float) -> int:
    """Count the minima inside a curve; an end of the curve is none.

    Args:
        values: Energies along the curve.
        tolerance: A fall and a rise of at least this much make a minimum, in the values' unit.
    """
    count, is_falling, turn = 0, False, float(values[0])
    for value in map(float, values):
        if is_falling:
            turn = min(turn, value)
            if value > turn + tolerance:
                count, is_falling, turn = count + 1, False, value
        else:
            turn = max(turn, value)
            if value < turn - tolerance:
                is_falling, turn = True, value
    return count


def num_sign_changes(values: np.ndarray, tolerance: float) -> int:
    """Count how often values change their sign; those within the tolerance have none."""
    signs = np.sign(values[np.abs(values) > tolerance])
    return int((signs[1:] != signs[:-1]).sum())
