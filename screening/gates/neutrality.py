"""Whether a composition can be charge neutral, as the optional package smact sees it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from screening.formulas import pretty_formula

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core.composition import Composition


def is_charge_neutral(composition: Composition) -> bool | None:
    """Tell whether oxidation states exist that cancel; those of one element may be mixed.

    Metals among themselves always count as neutral.

    Returns:
        None where smact is not installed or does not know an element.
    """
    validity = _validity()
    if validity is None:
        return None
    try:
        return bool(validity(pretty_formula(composition), mixed_valence=True))
    except (KeyError, NameError, TypeError, ValueError):  # what smact raises for lack of data
        return None


@cache
def _validity() -> Callable[..., bool] | None:
    try:
        from smact.screening import smact_validity  # optional, and half a second
    except ImportError:
        return None
    validity: Callable[..., bool] = smact_validity
    return validity
