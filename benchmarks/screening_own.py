"""The own and the self hull of the screening benchmark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from screening_data import ELEMENTS, POOL, Pool, element_crystals, key_of
from screening_places import corrected_energy
from screening_rows import relaxed_rows
from screening_scores import WITHOUT_OWN

from facet.graph.convert import structure_from
from screening.formulas import element_amounts
from screening.hull_distances import HullCandidate, HullName
from screening.references import reference_from_energies
from screening.schemes import own_scheme
from screening.three_hulls import ThreeHulls

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from pymatgen.core.composition import Composition
    from screening_data import KnownCandidate
    from screening_rows import RelaxedRow
    from screening_scores import Placed

    from facet.facet_potential import FacetPotential
    from screening.formulas import FormulaKey
    from screening.hull import Hulls
    from screening.reference import Reference


def own_phases(
    potential: FacetPotential,
    known: Sequence[KnownCandidate],
    hulls: Hulls,
    arguments: argparse.Namespace,
) -> Reference:
    """Make the own reference of the phases that ``relaxed_phases`` relaxes."""
    return own_reference(relaxed_phases(potential, known, hulls, arguments), potential)


def own_reference(phases: Mapping[str, RelaxedRow], potential: FacetPotential) -> Reference:
    """Make a reference of relaxed phases."""
    return reference_from_energies(
        "phases with structures",
        own_scheme(potential.fingerprint),
        list(_energies(phases, potential.energy_scheme)),
    )


def relaxed_phases(
    potential: FacetPotential,
    known: Sequence[KnownCandidate],
    hulls: Hulls,
    arguments: argparse.Namespace,
) -> dict[str, RelaxedRow]:
    """Relax the reference phases in the systems of candidates whose competitors have structures.

    The crystals are those of the very same phases. Of the elements the lowest polymorphs are
    relaxed: on the own hull the potential says which of them is lowest.
    """
    pool = Pool(arguments.data / POOL)
    systems = {
        frozenset(element_amounts(each.composition))
        for each in known
        if each.is_certain and _has_competitors(each, hulls, pool)
    }
    crystals = element_crystals(arguments.data / ELEMENTS, frozenset().union(*systems))
    for phase in hulls.reference.phases:
        symbols = frozenset(symbol for symbol, _ in key_of(phase.formula))
        if len(symbols) > 1 and any(symbols <= system for system in systems):
            crystals |= pool.crystals(phase.phase_id, phase.formula)
    return relaxed_rows(potential, crystals, arguments.cache)


def phase_errors(dft: Reference, own: Reference) -> dict[str, float]:
    """Compare own energies of compounds on the hull with those of DFT, in eV/atom."""
    truth = {key_of(each.formula): each.formation_energy_per_atom for each in dft.phases}
    lowest: dict[FormulaKey, float] = {}
    for each in own.phases:
        key, energy = key_of(each.formula), each.formation_energy_per_atom
        lowest[key] = min(lowest.get(key, energy), energy)
    errors = [
        energy + _shift(key, dft, own) - truth[key]
        for key, energy in lowest.items()
        if len(key) > 1
    ]
    sizes = np.abs(errors)
    return {
        "num": len(errors),
        "mean": float(np.mean(errors)),
        "median": float(np.median(errors)),
        "mae": float(sizes.mean()),
    }


def _shift(key: FormulaKey, dft: Reference, own: Reference) -> float:
    """How much higher the own zero of a composition is than that of DFT, in eV/atom."""
    moved = sum(
        count * (own.element_energies[symbol] - dft.element_energies[symbol])
        for symbol, count in key
    )
    return moved / sum(count for _, count in key)


def _has_competitors(known: KnownCandidate, hulls: Hulls, pool: Pool) -> bool:
    """Tell whether all that a candidate decomposes to, without its own formula, has a structure."""
    amounts = element_amounts(known.composition)
    total = sum(hulls.element_energies[symbol] * count for symbol, count in amounts.items())
    place = hulls.distance(known.composition, total, without_formula=True)
    return all(
        len(key_of(share.formula)) == 1 or pool.holds(phase_id, share.formula)
        for phase_id, share in place.decomposes_to.items()
    )


def on_three_hulls(
    rows: Sequence[Placed],
    known: Sequence[KnownCandidate],
    relaxed: Mapping[str, RelaxedRow],
    references: tuple[Reference, Reference],
    potential: FacetPotential,
) -> list[Placed]:
    """Measure every candidate with a certain label against the three hulls."""
    hulls = ThreeHulls(potential.fingerprint, *references)
    energies = {
        each.name: corrected_energy(
            each.name,
            relaxed[each.name].crystal,
            relaxed[each.name].energy,
            potential.energy_scheme,
        )
        for each in known
        if each.is_certain
    }
    candidates = {
        each.name: HullCandidate(
            each.name, each.composition, energy, is_converged=relaxed[each.name].is_converged
        )
        for each in known
        if (energy := energies.get(each.name)) is not None
    }
    hulls.put(candidates.values())
    found = []
    for row in rows:
        if row.name not in candidates or row.relaxed is None:
            found.append(row)
            continue
        distances = hulls.measure(candidates[row.name], without_formula=True)
        by_name = {name.value: distances.energy_above_hull(name) for name in HullName}
        by_name[HullName.DFT.value] = row.relaxed[WITHOUT_OWN]
        found.append(replace(row, hulls=by_name))
    return found


def _energies(
    rows: Mapping[str, RelaxedRow], scheme: str
) -> Iterator[tuple[str, Composition, float]]:
    """Yield converged phases with their corrected energies."""
    for row in rows.values():
        energy = corrected_energy(row.name, row.crystal, row.energy, scheme)
        if row.is_converged and energy is not None:
            yield row.name, structure_from(row.crystal).composition, energy
