"""What projects that build on Facet test with: small potentials, and promises to hold them to.

The fakes are potentials with known answers, and potentials that misbehave on purpose. The promises
are what physics asks of every potential; ``assert_is_a_potential`` tries them all.
"""

from facet.testing.fakes import (
    ALL_SPECIES,
    HarmonicBonds,
    LennardJones,
    NanOn,
    PairPotential,
    RaisesOn,
    SmallMemory,
    Wrapper,
    marked,
)
from facet.testing.promises import BrokenPromiseError, assert_is_a_potential

__all__ = [
    "ALL_SPECIES",
    "BrokenPromiseError",
    "HarmonicBonds",
    "LennardJones",
    "NanOn",
    "PairPotential",
    "RaisesOn",
    "SmallMemory",
    "Wrapper",
    "assert_is_a_potential",
    "marked",
]
