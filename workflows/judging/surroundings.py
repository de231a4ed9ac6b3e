"""What the candidates of a campaign are measured against."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from db.documents import ReferenceDoc
from db.queries import documents_by_id, known_ids
from screening.hull_distances import HullName, NoReference
from screening.schemes import MP2020
from screening.three_hulls import ThreeHulls
from workflows.comparison.disagreement import Disagreements, disagreements_in
from workflows.competitors import reference_for
from workflows.dft.proposals import learned_reference
from workflows.judging.uncertainty import KnownErrors, known_errors
from workflows.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from screening.hull import Hulls
    from screening.reference import Reference
    from workflows.findings import Relaxed

NO_DFT = (
    "The reference is of crystals relaxed with the potential, so there is no dft hull: give a "
    "JSON file of DFT formation energies as the reference to have one."
)
NO_OWN = (
    "The reference is a table of DFT energies without crystals, so there is no own hull: give the "
    "competing phases as crystals, which are then relaxed with the potential, to have one."
)


class Surroundings(NamedTuple):
    """What the candidates of a campaign are measured against.

    Attributes:
        three: The hulls by name; candidates enter the self hull as they are judged.
        headline: The hull whose distance is ``energy_above_hull``.
        known: Known phases with their relaxed crystals, if the reference has crystals.
        errors: What is known of the errors of their distances.
        disagreements: With other potentials, where they were compared.
    """

    three: ThreeHulls
    headline: HullName
    known: tuple[tuple[str, Structure], ...] = ()
    errors: KnownErrors = KnownErrors()
    disagreements: Disagreements = MappingProxyType({})

    @property
    def hulls(self) -> Hulls:
        """The hull of the headline."""
        found = self.three.hulls(self.headline)
        if found is None:
            raise ValueError("The hull of the headline is always there.")
        return found

    @property
    def description(self) -> str:
        """The words that complete "27 meV/atom above ..."."""
        return self.hulls.reference.description

    def absent(self, name: HullName) -> str | None:
        """Say why a hull is not there, if it is not."""
        if self.three.hulls(name) is not None:
            return None
        return NO_DFT if name is HullName.DFT else NO_OWN


def surroundings_of(
    database: MongoDatabase, campaign: CampaignDoc, phases: Sequence[Relaxed]
) -> Surroundings:
    """Set up the hulls of a campaign, with what its own DFT calculations found.

    Args:
        database: Holds the references.
        campaign: The campaign.
        phases: Its reference crystals, if it was given crystals.
    """
    asked = reference_for(database, campaign, phases)
    asked.check_candidates(campaign.potential_fingerprint)
    around = surroundings_by(
        _with_dft_results(database, campaign) or asked, campaign.potential_fingerprint, phases
    )
    return around._replace(
        errors=known_errors(campaign, around.headline, phases),
        disagreements=disagreements_in(
            database, campaign.campaign_id, campaign.potential_fingerprint
        ),
    )


def surroundings_by(
    reference: Reference, fingerprint: str, phases: Sequence[Relaxed] = ()
) -> Surroundings:
    """Set up hulls of one reference: dft of a table, own and self of relaxed crystals.

    Args:
        reference: The competing phases.
        fingerprint: Of the potential of the candidates.
        phases: The relaxed crystals behind the reference, if it was made of crystals.
    """
    known = tuple((each.material_id, each.structure) for each in phases if each.is_converged)
    if reference.scheme == MP2020:
        three = ThreeHulls(fingerprint, dft=reference, own=NoReference(NO_OWN))
        return Surroundings(three, HullName.DFT, known)
    three = ThreeHulls(fingerprint, dft=NoReference(NO_DFT), own=reference)
    return Surroundings(three, HullName.OWN, known)


def _with_dft_results(database: MongoDatabase, campaign: CampaignDoc) -> Reference | None:
    """Return the campaign's table with what its DFT calculations found, if they found anything."""
    key = learned_reference(campaign)
    # A later update may have superseded it just now.
    if key is None or not known_ids(database, ReferenceDoc, [key]):
        return None
    (stored,) = documents_by_id(database, ReferenceDoc, [key])
    return reference_of(stored)
