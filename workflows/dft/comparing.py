"""Predicted against DFT, on one hull; and distances that move because a phase was found."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pymatgen.core.composition import Composition

from db.documents import CandidateOutcome, Decomposition
from db.documents.follow_up import Comparison
from screening.errors import ScreeningError
from screening.hull_distances import candidate_phase_id
from screening.rules import StableMeans
from workflows.convert import ON_HULL, structure_of
from workflows.dft.updated_reference import refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.documents import CandidateDoc
    from db.documents.follow_up import Request
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


def comparison_of(
    found: Found,
    place: Placed,
    hulls: Hulls,
    references: tuple[str, str],
    request: Request,
    rule: FlagRule,
) -> Comparison:
    """Compare a prediction with DFT; a result that has no place on the hull says why.

    Args:
        found: What DFT found.
        place: Where it lies without the results of the campaign.
        hulls: With these results.
        references: Keys of both references.
        request: What the campaign asked, with the prediction.
        rule: Says what stable means.
    """
    is_on_hull = rule.ranking.stable_means is StableMeans.ON_HULL
    limit = 0.0 if is_on_hull else rule.max_energy_above_hull
    updated = None
    if place.refusal is None:
        itself = [candidate_phase_id(found.material_id)]
        updated = hulls.distance(*_found_cell(found), without=itself).energy_above_hull
    return Comparison(
        base_reference_id=references[0],
        updated_reference_id=references[1],
        predicted_above_hull=place.predicted,
        dft_above_hull=place.dft,
        dft_above_updated_hull=updated,
        is_stable=None if place.dft is None else place.dft <= limit + ON_HULL,
        volume_error=request.prediction.volume_per_atom / found.result.volume_per_atom - 1,
        rmsd=found.result.rmsd,
        no_distance=place.refusal,
    )


def moved_outcomes(
    screened: Sequence[CandidateDoc], affected: frozenset[str], hulls: Hulls
) -> Iterator[tuple[str, CandidateOutcome]]:
    """Yield the distances of candidates in chemical systems whose hull may have moved.

    The phase that a candidate, or a copy of it, became by DFT is taken off for it.
    """
    twins = defaultdict(list)
    for each in screened:
        twins[each.duplicate_of or each.material_id].append(each)
    for each in screened:
        if each.chemsys not in affected or each.corrected_energy is None:
            continue
        try:
            off = _phases(twins[each.duplicate_of or each.material_id])
            distance = hulls.distance(_composition(each), each.corrected_energy, without=off)
        except ScreeningError:
            continue  # it had no distance before, and a new phase does not give it one
        yield each.candidate_id, _outcome(distance)


def _found_cell(found: Found) -> tuple[Composition, float]:
    """Composition and corrected energy in eV of the cell of a result that has both."""
    composition = structure_of(found.result.geometry).composition
    return composition, float(found.result.corrected_energy or 0.0)


def _predicted(candidate: CandidateDoc, hulls: Hulls) -> float | None:
    if candidate.corrected_energy is None:
        return None
    return hulls.distance(_composition(candidate), candidate.corrected_energy).energy_above_hull


def _outcome(distance: HullDistance) -> CandidateOutcome:
    return CandidateOutcome(
        formation_energy_per_atom=distance.formation_energy_per_atom,
        energy_above_hull=distance.energy_above_hull,
        is_stable=distance.energy_above_hull <= ON_HULL,
        decomposes_to=tuple(
            Decomposition(material_id=phase_id, formula=share.formula, amount=share.fraction)
            for phase_id, share in distance.decomposes_to.items()
        ),
    )


def _phases(candidates: Sequence[CandidateDoc]) -> list[str]:
    return [candidate_phase_id(each.material_id) for each in candidates]


def _composition(candidate: CandidateDoc) -> Composition:
    """Composition of a candidate's cell."""
    reduced = Composition(str(candidate.formula_pretty))
    return reduced * ((candidate.nsites or 1) / reduced.num_atoms)
