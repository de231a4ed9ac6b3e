"""Predicted against DFT, on one hull; and distances that move because a phase was found."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pymatgen.core.composition import Composition

from db.documents.candidate import DftFinding
from db.documents.follow_up import Comparison
from screening.errors import ScreeningError
from screening.hull_distances import candidate_phase_id
from screening.rules import StableMeans
from workflows.convert import ON_HULL, structure_of
from workflows.dft.updated_reference import refusal_of
from workflows.judging.anew import Moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.documents import CandidateDoc
    from screening.hull import HullDistance, Hulls
    from screening.reference import Reference
    from screening.rules import FlagRule
    from workflows.dft.updated_reference import Found


class Placed(NamedTuple):
    """Where prediction and DFT lie on the hull without any result of the campaign.

    Attributes:
        predicted: Distance of the prediction in eV/atom.
        dft: Distance of DFT in eV/atom.
        refusal: Why there is none, if so.
    """

    predicted: float | None
    dft: float | None
    refusal: str | None


def placed(found: Found, candidate: CandidateDoc, base: Reference, hulls: Hulls) -> Placed:
    """Measure a prediction and what DFT found, both against one hull.

    Args:
        found: What DFT found.
        candidate: What was predicted.
        base: The reference without any result of the campaign.
        hulls: Of that reference.
    """
    refusal = refusal_of(base, found)
    if refusal is not None:
        return Placed(None, None, refusal)
    try:
        dft = hulls.distance(*_found_cell(found)).energy_above_hull
        return Placed(_predicted(candidate, hulls), dft, None)
    except ScreeningError as error:
        return Placed(None, None, str(error))


def place_with_results(found: Found, hulls: Hulls, twins: Sequence[str]) -> HullDistance:
    """Measure what DFT found against the hull with all results but its own and those of copies.

    Args:
        found: What DFT found; it has a place.
        hulls: With the results of the campaign.
        twins: Names of the candidates that are this crystal, itself among them.
    """
    return hulls.distance(*_found_cell(found), without=_phases(twins))


def comparison_of(
    found: Found,
    place: Placed,
    updated: HullDistance | None,
    references: tuple[str, str],
    rule: FlagRule,
) -> Comparison:
    """Compare a prediction with DFT; a result that has no place on the hull says why.

    Args:
        found: What DFT found.
        place: Where it lies without the results of the campaign.
        updated: Where it lies with these results, if it has a place.
        references: Keys of both references.
        rule: Says what stable means.
    """
    is_on_hull = rule.ranking.stable_means is StableMeans.ON_HULL
    limit = 0.0 if is_on_hull else rule.max_energy_above_hull
    predicted = found.request.prediction.volume_per_atom
    return Comparison(
        base_reference_id=references[0],
        updated_reference_id=references[1],
        predicted_above_hull=place.predicted,
        dft_above_hull=place.dft,
        dft_above_updated_hull=updated.energy_above_hull if updated else None,
        is_stable=None if place.dft is None else place.dft <= limit + ON_HULL,
        volume_error=predicted / found.result.volume_per_atom - 1,
        rmsd=found.result.rmsd,
        no_distance=place.refusal,
    )


def finding_of(found: Found, place: Placed, updated: HullDistance | None) -> DftFinding:
    """Return what DFT found as the candidate stores it, from what ``comparison_of`` takes."""
    result, predicted = found.result, found.request.prediction.volume_per_atom
    return DftFinding(
        follow_up_id=found.follow_up.follow_up_id,
        ordering=found.follow_up.ordering,
        energy_above_hull=updated.energy_above_hull if updated else None,
        formation_energy_per_atom=updated.formation_energy_per_atom if updated else None,
        is_stable=updated.energy_above_hull <= ON_HULL if updated else None,
        volume_change=result.volume_per_atom / predicted - 1,
        rmsd=result.rmsd,
        no_distance=place.refusal,
        task_uuid=result.task_uuid,
        completed_at=result.completed_at,
    )


def twins_of(screened: Iterable[CandidateDoc]) -> dict[str, tuple[str, ...]]:
    """Return for each candidate the names of all that are the same crystal, itself among them."""
    same: dict[str, list[str]] = defaultdict(list)
    rows = list(screened)
    for each in rows:
        same[each.duplicate_of or each.material_id].append(each.material_id)
    return {each.material_id: tuple(same[each.duplicate_of or each.material_id]) for each in rows}


def moved_places(
    screened: Iterable[CandidateDoc],
    affected: frozenset[str],
    hulls: Hulls,
    twins: Mapping[str, tuple[str, ...]],
) -> dict[str, Moved]:
    """Measure candidates in chemical systems whose hull may have moved; return these by name.

    The phase that a candidate, or a copy of it, became by DFT is taken off for it.
    """
    versions = {each: hulls.version_of(each) for each in affected}
    found = {}
    for each in screened:
        if each.chemsys not in affected or each.corrected_energy is None:
            continue
        off = _phases(twins[each.material_id])
        try:
            distance = hulls.distance(_composition(each), each.corrected_energy, without=off)
        except ScreeningError:
            continue  # it had no distance before, and a new phase does not give it one
        found[each.material_id] = Moved(distance, versions[each.chemsys])
    return found


def _found_cell(found: Found) -> tuple[Composition, float]:
    """Composition and corrected energy in eV of the cell of a result that has both."""
    composition = structure_of(found.result.geometry).composition
    return composition, float(found.result.corrected_energy or 0.0)


def _predicted(candidate: CandidateDoc, hulls: Hulls) -> float | None:
    if candidate.corrected_energy is None:
        return None
    return hulls.distance(_composition(candidate), candidate.corrected_energy).energy_above_hull


def _phases(names: Iterable[str]) -> list[str]:
    return [candidate_phase_id(each) for each in names]


def _composition(candidate: CandidateDoc) -> Composition:
    """Composition of a candidate's cell."""
    reduced = Composition(str(candidate.formula_pretty))
    return reduced * ((candidate.nsites or 1) / reduced.num_atoms)
