"""Compositions as plain numbers and keys, whatever isotopes or oxidation states they carry."""

from __future__ import annotations

import math
import re
import warnings
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FormulaKey = tuple[tuple[str, int], ...]
"""Element symbols in alphabetical order, each with its count in the reduced formula."""

_WHOLE = 1e-6
_LARGEST_DENOMINATOR = 1000


_COUNT = r"(?:[1-9]\d{0,8})?"
_ATOM = rf"[A-Z][a-z]?{_COUNT}"
_PLAIN = re.compile(rf"(?:{_ATOM}|\((?:{_ATOM})+\){_COUNT})+")
_ATOMS = re.compile(rf"([A-Z][a-z]?)({_COUNT})")
_GROUPS_AND_ATOMS = re.compile(rf"\((\w+)\)({_COUNT})|{_ATOMS.pattern}")
_SYMBOL = re.compile("[A-Z][a-z]?")
_SYMBOLS = frozenset(each.symbol for each in Element) - {"D", "T"}


def is_plain(formula: str) -> bool:
    """Say whether a formula has whole counts and single brackets only, such as Ca(OH)2."""
    has_form = _PLAIN.fullmatch(formula) is not None
    return has_form and _SYMBOLS.issuperset(_SYMBOL.findall(formula))


def amounts_of(formula: str) -> dict[str, float]:
    """Return the number of atoms of each element in a formula.

    Plain ones, as tables of thousands of phases hold them, are read here; all others by pymatgen,
    thirty times slower.

    Raises:
        ValueError: It is no formula.
    """
    if not is_plain(formula):
        return element_amounts(Composition(formula))
    amounts: dict[str, float] = {}
    for group, times, symbol, count in _GROUPS_AND_ATOMS.findall(formula):
        for each, number in _ATOMS.findall(group) if group else ((symbol, count),):
            amounts[each] = amounts.get(each, 0.0) + float(number or 1) * float(times or 1)
    return amounts


def elements_in(formula: str) -> frozenset[str]:
    """Return the elements of a formula, which takes a third of the time of reading it.

    Raises:
        ValueError: It is no formula.
    """
    return frozenset(_SYMBOL.findall(formula) if is_plain(formula) else amounts_of(formula))


def element_amounts(composition: Composition) -> dict[str, float]:
    """Return the number of atoms of each element by symbol; deuterium counts as hydrogen."""
    amounts = composition.get_el_amt_dict()
    return {symbol: float(amount) for symbol, amount in amounts.items() if amount > 0}


def formula_key(amounts: Mapping[str, float]) -> FormulaKey:
    """Return a key that is equal for two compositions exactly when their formulas reduce alike."""
    counts = {symbol: round(amount) for symbol, amount in amounts.items()}
    if any(abs(counts[symbol] - amount) > _WHOLE for symbol, amount in amounts.items()):
        counts = _cleared_of_fractions(amounts)
    divisor = math.gcd(*counts.values()) or 1
    return tuple(sorted((symbol, count // divisor) for symbol, count in counts.items()))


def _cleared_of_fractions(amounts: Mapping[str, float]) -> dict[str, int]:
    """Scale fractional amounts to whole numbers."""
    fractions = {
        symbol: Fraction(amount).limit_denominator(_LARGEST_DENOMINATOR)
        for symbol, amount in amounts.items()
    }
    scale = math.lcm(*(fraction.denominator for fraction in fractions.values()))
    return {symbol: int(fraction * scale) for symbol, fraction in fractions.items()}


@contextmanager
def noble_gases_allowed() -> Iterator[None]:
    """Silence pymatgen where it sorts elements by electronegativity: He, Ne and Ar have none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No Pauling electronegativity", UserWarning)
        yield


def pretty_formula(composition: Composition) -> str:
    """Return the reduced formula as pymatgen writes it."""
    with noble_gases_allowed():
        return composition.element_composition.reduced_formula
