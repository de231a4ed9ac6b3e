"""Whether a composition can be charge neutral, as the optional package smact sees it."""

from __future__ import annotations

from functools import cache, lru_cache
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
    return None if validity is None else _is_valid(pretty_formula(composition), validity)


@lru_cache(maxsize=65536)
def _is_valid(formula: str, validity: Callable[..., bool]) -> bool | None:
    """Ask once per reduced formula: that takes from a third of a millisecond to a tenth second."""
    try:
        return bool(validity(formula, mixed_valence=True))
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
