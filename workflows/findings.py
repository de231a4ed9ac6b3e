"""What is found of the relaxed crystals of a campaign: energies, distances, verdicts."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from db.documents import RelaxationDoc
from db.filters import CandidateFilter, CandidateSort
from db.queries import candidates, documents_by_id, known_ids
from db.tasks import with_status
from screening.corrections import corrected
from screening.entries import make_entry
from screening.errors import ScreeningError
from workflows.convert import structure_of
from workflows.keys import relaxation_key
from workflows.progress import noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymatgen.core.structure import Structure

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, CandidateDoc
    from screening.corrections import CorrectedEnergy
    from screening.hull import HullDistance
    from screening.hull_distances import HullDistances, HullName
    from screening.verdict import Verdict

NO_ENERGY = "A crystal without an energy has no distance to the hull: see how its relaxation ended."


class Relaxed(NamedTuple):
    """A candidate or reference phase with its relaxation and corrected energy.

    Attributes:
        candidate: Its place in the campaign.
        relaxation: How its relaxation ended.
        structure: The relaxed crystal.
        energy: Corrected energy, or None.
        fault: Why there is no corrected energy although there is an energy, or None.
    """

    candidate: CandidateDoc
    relaxation: RelaxationDoc
    structure: Structure
    energy: CorrectedEnergy | None
    fault: str | None

    @property
    def material_id(self) -> str:
        """Its name in the campaign."""
        return self.candidate.material_id

    @property
    def origin(self) -> str:
        """The file as the user named it, and the place inside it."""
        return self.candidate.origin.file

    @property
    def is_converged(self) -> bool:
        """Whether it is at rest."""
        return self.relaxation.stop_reason == "converged"


class Finding(NamedTuple):
    """What screening found of one candidate; it can be ranked.

    Attributes:
        relaxed: The candidate, relaxed.
        distance: Its place on the hull of the headline, if it has one.
        verdict: On it.
        duplicate_of: The better candidate that it is a copy of, if so.
        places: Its place on every hull, or why it has none there.
        versions: What each of these distances depends on.
    """

    relaxed: Relaxed
    distance: HullDistance | None
    verdict: Verdict
    duplicate_of: str | None
    places: HullDistances | None = None
    versions: Mapping[HullName, str] = MappingProxyType({})

    @property
    def material_id(self) -> str:
        """Name that settles ties."""
        return self.relaxed.material_id

    @property
    def structure_id(self) -> str | None:
        """Key of its input crystal."""
        return self.relaxed.candidate.structure_id

    @property
    def energy_above_hull(self) -> float | None:
        """Signed distance to the hull in eV/atom."""
        return self.distance.energy_above_hull if self.distance else None

    @property
    def is_flagged(self) -> bool:
        """Whether it deserves a DFT calculation."""
        return self.verdict.is_flagged


def relaxed_crystals(database: MongoDatabase, campaign: CampaignDoc) -> Iterator[Relaxed]:
    """Yield every crystal of a campaign that has a relaxation, by name."""
    keyed = list(_keyed(database, CandidateFilter(campaign_id=campaign.campaign_id), campaign))
    known = known_ids(database, RelaxationDoc, (key for _, key in keyed))
    done = [(candidate, key) for candidate, key in keyed if key in known]
    found = documents_by_id(database, RelaxationDoc, (key for _, key in done))
    pairs = zip(done, found, strict=True)
    for (candidate, _), relaxation in noted(pairs, "relaxations read", len(done)):
        yield _with_energy(candidate, relaxation)


def set_aside(database: MongoDatabase, campaign: CampaignDoc) -> Iterator[CandidateDoc]:
    """Yield every crystal of a campaign whose relaxation was set aside."""
    where = CandidateFilter(campaign_id=campaign.campaign_id, status="pending")
    keyed = list(_keyed(database, where, campaign))
    aside = with_status(database, (key for _, key in keyed), "set_aside")
    yield from (candidate for candidate, key in keyed if key in aside)


def _keyed(
    database: MongoDatabase, where: CandidateFilter, campaign: CampaignDoc
) -> Iterator[tuple[CandidateDoc, str]]:
    """Yield candidates with the keys of their relaxations, by name."""
    for each in candidates(database, where, CandidateSort(field="material_id")):
        if each.structure_id is not None:
            yield each, _relaxation_key(each.structure_id, campaign)


def _relaxation_key(structure_id: str, campaign: CampaignDoc) -> str:
    return relaxation_key(structure_id, campaign.potential_fingerprint, campaign.relax_settings)


def _with_energy(candidate: CandidateDoc, relaxation: RelaxationDoc) -> Relaxed:
    """Correct the energy of a relaxed crystal as its energy scheme demands."""
    structure = structure_of(relaxation.geometry)
    if relaxation.energy is None:
        return Relaxed(candidate, relaxation, structure, None, None)
    try:
        entry = make_entry(candidate.material_id, structure, relaxation.energy)
        energy = corrected(entry, relaxation.energy_scheme)
    except ScreeningError as error:
        return Relaxed(candidate, relaxation, structure, None, str(error))
    return Relaxed(candidate, relaxation, structure, energy, None)
