"""Facet: relax and rank crystals with an E(3)-equivariant potential.

Names are imported when they are first used, so that ``import facet`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facet.calculator import FacetCalculator
    from facet.checkpoint import load
    from facet.relaxation.relaxer import relax
    from facet.relaxation.result import RelaxResult, StopReason
    from facet.relaxation.settings import RelaxSettings
    from facet.relaxation.single import FacetRelaxer

_HOMES = {
    "FacetCalculator": "facet.calculator",
    "FacetRelaxer": "facet.relaxation.single",
    "RelaxResult": "facet.relaxation.result",
    "RelaxSettings": "facet.relaxation.settings",
    "StopReason": "facet.relaxation.result",
    "load": "facet.checkpoint",
    "relax": "facet.relaxation.relaxer",
}

__all__ = [
    "FacetCalculator",
    "FacetRelaxer",
    "RelaxResult",
    "RelaxSettings",
    "StopReason",
    "load",
    "relax",
]


def __getattr__(name: str) -> object:
    """Import a public name from the module that holds it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'facet' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *__all__])
