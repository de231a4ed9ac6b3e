"""Crystals of Lennard-Jones atoms: close packings are stable, others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from workflow_samples import campaign_settings, write_lines

from facet.calculator import FacetCalculator
from facet.graph.convert import crystal_from_structure
from facet.relaxation.settings import RelaxSettings
from facet.testing import LennardJones
from screening.rules import FlagRule
from workflows.stability.rest import at_rest
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal

LJ = LennardJones(epsilon=0.1, sigma=2.3)
SMALL = StabilitySettings(image_distance=9.0, mesh_length=15.0)
EDGE = 3.55
BOTH = FlagRule.from_dict(
    {
        "max_energy_above_hull": 1000.0,
        "gates": {name: {"mode": "fail"} for name in ("dynamical", "elastic")},
    }
)


def make() -> FacetCalculator:
    """The potential as an ASE calculator, which a campaign can name by its import path."""
    return FacetCalculator(LJ)


def fcc(symbol: str = "Cu", edge: float = EDGE) -> Structure:
    half = edge / 2
    return Structure([[0, half, half], [half, 0, half], [half, half, 0]], [symbol], [[0, 0, 0]])


def simple_cubic(symbol: str = "Cu") -> Structure:
    return Structure(Lattice.cubic(2.5), [symbol], [[0, 0, 0]])


def layered(first: str, second: str) -> Structure:
    """An ordered alloy on the sites of fcc: stable, as all atoms are alike to the potential."""
    side = EDGE / np.sqrt(2)
    lattice = Lattice.tetragonal(side, EDGE)
    return Structure(lattice, [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])


def centered(first: str, second: str) -> Structure:
    """An ordered alloy on the sites of bcc, where these atoms do not stay."""
    return Structure(Lattice.cubic(2.88), [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])


def resting(potential, structures: dict[str, Structure]) -> list[tuple[str, Crystal]]:
    """Bring all of some crystals to rest."""
    crystals = [(name, crystal_from_structure(each)) for name, each in structures.items()]
    settings = SMALL.resting(RelaxSettings())
    return [(name, rest.crystal) for name, rest in at_rest(potential, crystals, settings)]


def alloy_campaign(folder, rule: FlagRule = BOTH, **candidates: Structure):
    """A campaign of one stable and one unstable alloy, or of others."""
    asked = candidates or {"stable": layered("Cu", "Au"), "unstable": centered("Ag", "Au")}
    phases = {symbol: fcc(symbol) for symbol in ("Ag", "Au", "Cu")}
    return campaign_settings(
        folder,
        candidates=(write_lines(folder / "alloys.jsonl", asked),),
        reference=write_lines(folder / "packings.jsonl", phases),
        potential="ase:stability_samples:make",
        relax=RelaxSettings(),
        rule=rule,
    )
