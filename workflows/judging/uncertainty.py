"""What the errors of a campaign's distances are known to be, and the spread they are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facet.calibration import shipped_calibration
from facet.errors import CheckpointError
from screening.calibration import Calibration
from screening.errors import ScreeningError
from screening.evidence import CAMPAIGN
from screening.hull_distances import HullName
from screening.member_hulls import distances_to_same_rivals
from screening.trust import uncertainty_by
from workflows.dft.proposals import learned_calibration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from db.documents import CampaignDoc, RelaxationDoc
    from screening.evidence import Uncertainty
    from screening.hull import HullDistance
    from workflows.findings import Relaxed

NO_MEMBERS = (
    "Its relaxation is stored without energies by member (an older Facet made it, it did not "
    "converge, or the potential has no committee), so the rule's assumed error stands in."
)


class KnownErrors(NamedTuple):
    """What is known of the errors of a campaign's distances.

    Attributes:
        calibration: What a spread is worth, if anybody knows.
        source: Who knows, completing "as known from ...".
        reason: Why nobody knows, one sentence.
        rivals: Offsets of the energies of the competing phases by each member, by id; None where
            no member predicts them.
    """

    calibration: Calibration | None = None
    source: str = ""
    reason: str | None = None
    rivals: Mapping[str, np.ndarray] | None = None


class Measured(NamedTuple):
    """The error of one distance.

    Attributes:
        spread: Over the members in eV/atom, if it could be measured.
        uncertainty: What that is worth, if it is known.
        reason: Why it is not, one sentence, if there is something to say.
    """

    spread: float | None = None
    uncertainty: Uncertainty | None = None
    reason: str | None = None


def known_errors(
    campaign: CampaignDoc, headline: HullName, phases: Sequence[Relaxed]
) -> KnownErrors:
    """Look up what is known: what the campaign's own DFT taught goes before what ships.

    DFT teaches errors of distances to the dft hull, which say nothing of those to an own hull.

    Args:
        campaign: The campaign.
        headline: The hull of its distances.
        phases: Its relaxed reference crystals, if it was given crystals.
    """
    rivals = None if headline is HullName.DFT else _offsets(phases)
    learned = learned_calibration(campaign) if headline is HullName.DFT else None
    if learned is not None:
        return KnownErrors(learned, CAMPAIGN, None, rivals)
    return _shipped(campaign.potential_fingerprint, headline)._replace(rivals=rivals)


def measured_error(relaxed: Relaxed, place: HullDistance | None, errors: KnownErrors) -> Measured:
    """Measure the error of one distance.

    Args:
        relaxed: The candidate.
        place: Where it lies, if anywhere.
        errors: What is known.
    """
    if place is None:
        return Measured()
    spread, reason = _spread(relaxed, place, errors)
    if errors.calibration is None:
        return Measured(spread, reason=errors.reason)
    known = uncertainty_by(errors.calibration, spread, errors.source)
    return Measured(spread, known, None if known else reason)


def member_offsets_of(relaxation: RelaxationDoc) -> np.ndarray | None:
    """Energies by each member of a committee less the energy, in eV/atom, if they are stored."""
    if relaxation.member_offsets is None:
        return None
    return np.frombuffer(relaxation.member_offsets, dtype="<f4").astype(np.float64)


def _shipped(fingerprint: str, headline: HullName) -> KnownErrors:
    """What ships with the weights, if they are weights that ship."""
    try:
        found = shipped_calibration(fingerprint)
    except CheckpointError as error:
        return KnownErrors(reason=str(error))
    fitted = found.hulls.get(headline.value)
    if fitted is None:
        return KnownErrors(
            reason=f"The calibration of these weights is of the hulls "
            f"{', '.join(sorted(found.hulls))}, not of '{headline.value}'; the rule's assumed "
            f"error stands in."
        )
    names = ("stretch", "bias", "freedom", "offset")
    source = f"{fitted['num_outcomes']:.0f} crystals of known outcome ({found.date})"
    return KnownErrors(Calibration(**{name: fitted[name] for name in names}), source)


def _offsets(phases: Sequence[Relaxed]) -> dict[str, np.ndarray]:
    found = {each.material_id: member_offsets_of(each.relaxation) for each in phases}
    return {name: each for name, each in found.items() if each is not None}


def _spread(
    relaxed: Relaxed, place: HullDistance, errors: KnownErrors
) -> tuple[float | None, str | None]:
    """Spread of a distance, or why there is none."""
    offsets = member_offsets_of(relaxed.relaxation)
    if offsets is None:
        return None, NO_MEMBERS
    try:
        return distances_to_same_rivals(place, offsets, errors.rivals).spread, None
    except ScreeningError as error:
        return None, f"{error} The rule's assumed error stands in."
