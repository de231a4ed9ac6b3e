"""Formulas as OPTIMADE spells them, read from the reduced formulas that are stored."""

from __future__ import annotations

import math
import re
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPOSITION_FIELDS = (
    "chemical_formula_reduced",
    "chemical_formula_anonymous",
    "elements_ratios",
)
"""Stored beside the fields of a candidate: OPTIMADE filters ask for them."""

_PART = re.compile(r"([A-Z][a-z]?)(\d{0,9})|(\()|(\))(\d{0,9})")


def composition_fields(formula: str | None) -> dict[str, Any]:
    """Return formulas with elements in alphabetical order, and without names, and the fractions.

    All are None where a formula is missing or its amounts are not whole.
    """
    amounts = None if formula is None else _amounts(formula)
    if not amounts or len(amounts) > len(ascii_uppercase):
        return dict.fromkeys(COMPOSITION_FIELDS)
    divisor = math.gcd(*amounts.values())
    reduced = {symbol: amount // divisor for symbol, amount in sorted(amounts.items())}
    by_amount = sorted(reduced.values(), reverse=True)
    total = sum(by_amount)
    return {
        "chemical_formula_reduced": _joined(reduced, reduced.values()),
        "chemical_formula_anonymous": _joined(ascii_uppercase, by_amount),
        "elements_ratios": [amount / total for amount in reduced.values()],
    }


def _amounts(formula: str) -> dict[str, int] | None:
    """Number of atoms of each element, None where the formula is not plain."""
    levels: list[dict[str, int]] = [{}]
    end = 0
    for part in _PART.finditer(formula):
        if part.start() != end:
            return None
        end = part.end()
        symbol, count, opening, closing, times = part.groups()
        if opening:
            levels.append({})
        elif closing:
            if len(levels) == 1:
                return None
            _add(levels[-2], levels.pop(), int(times or 1))
        else:
            _add(levels[-1], {symbol: int(count or 1)}, 1)
    is_whole = end == len(formula) and len(levels) == 1
    return levels[0] if is_whole and all(levels[0].values()) else None


def _add(amounts: dict[str, int], more: dict[str, int], times: int) -> None:
    for symbol, amount in more.items():
        amounts[symbol] = amounts.get(symbol, 0) + times * amount


def _joined(names: Iterable[str], amounts: Iterable[int]) -> str:
    return "".join(
        f"{name}{amount if amount > 1 else ''}"
        for name, amount in zip(names, amounts, strict=False)
    )
