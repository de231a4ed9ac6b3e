"""The optimizers by the names that settings give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facet.relaxation.optimizers.fire import Fire
from facet.relaxation.optimizers.fire2 import Fire2
from facet.relaxation.optimizers.lbfgs import Lbfgs, Uniform
from facet.relaxation.optimizers.springs import Springs

if TYPE_CHECKING:
    from facet.relaxation.optimizers.optimizer import Optimizer


def optimizer_named(name: str) -> Optimizer:
    """Return an optimizer, which has no state of its own."""
    return _OPTIMIZERS[name]


_OPTIMIZERS: dict[str, Optimizer] = {
    "fire": Fire(),
    "fire2": Fire2(),
    "lbfgs": Lbfgs(Uniform()),
    "lbfgs-springs": Lbfgs(Springs()),
}
