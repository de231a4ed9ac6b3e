"""A phase diagram of pymatgen: the reference of a campaign and its candidates, for plotting."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element

from db.documents import CampaignDoc, ReferenceDoc
from db.errors import DbError, MissingDocumentError
from db.filters import CandidateFilter
from db.queries import candidates, documents_by_id, known_ids
from screening.formulas import amounts_of
from workflows.dft.proposals import learned_reference
from workflows.references import phases_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.client import MongoDatabase
    from db.documents import CandidateDoc

MOST_ELEMENTS = 6


def phase_diagram(database: MongoDatabase, campaign: CampaignDoc, chemsys: str) -> PhaseDiagram:
    """Return the hull of a chemical system with the candidates in it.

    Energies are formation energies of the scheme of the campaign's reference, in eV for the
    formula of the entry. Entries of candidates have ``attribute["is_candidate"]``.

    Args:
        database: Holds reference and candidates.
        campaign: The campaign.
        chemsys: Elements joined by '-', in any order.

    Raises:
        DbError: It is no chemical system of at most six elements.
        MissingDocumentError: The campaign has no reference yet.
    """
    elements = _elements(chemsys)
    reference = reference_of_now(database, campaign)
    entries = [*_phases(reference, elements), *_candidates(database, campaign, elements)]
    there = {each.composition.elements[0].symbol for each in entries if each.is_element}
    zeros = [PDEntry(Composition(each), 0.0, name=each) for each in elements if each not in there]
    return PhaseDiagram([*entries, *zeros])


def reference_of_now(database: MongoDatabase, campaign: CampaignDoc) -> ReferenceDoc:
    """Return the phases of a campaign's headline hull, with what DFT found since.

    Raises:
        MissingDocumentError: The campaign has none yet.
    """
    screened_with: Any = campaign.summary.get("reference_id")
    for key in filter(None, (learned_reference(campaign), screened_with, campaign.reference_id)):
        if known_ids(database, ReferenceDoc, [str(key)]):
            return next(documents_by_id(database, ReferenceDoc, [str(key)]))
    raise MissingDocumentError(
        f"Campaign {campaign.campaign_id} has no hull yet: wait until it is screened."
    )


def _elements(chemsys: str) -> tuple[str, ...]:
    symbols = tuple(sorted({each.strip() for each in chemsys.split("-")}))
    if len(symbols) > MOST_ELEMENTS or not all(map(Element.is_valid_symbol, symbols)):
        raise DbError(
            f"{chemsys!r} is no chemical system of up to {MOST_ELEMENTS} elements; write it like "
            "Li-Mn-O."
        )
    return symbols


def _phases(reference: ReferenceDoc, elements: tuple[str, ...]) -> Iterator[PDEntry]:
    """Yield the phases of a reference inside a chemical system."""
    allowed = set(elements)
    for each in phases_of(reference):
        if allowed.issuperset(amounts_of(each.formula)):
            attribute = {"material_id": each.phase_id, "is_candidate": False}
            yield _entry(each.formula, each.formation_energy_per_atom, attribute)


def _candidates(
    database: MongoDatabase, campaign: CampaignDoc, elements: tuple[str, ...]
) -> Iterator[PDEntry]:
    """Yield the candidates inside a chemical system that have a place on the hull."""
    for number in range(1, len(elements) + 1):
        for some in combinations(elements, number):
            where = CandidateFilter(
                campaign_id=campaign.campaign_id, role="candidate", chemsys="-".join(some)
            )
            for each in candidates(database, where):
                energy = each.formation_energy_per_atom
                if energy is not None and each.formula_pretty is not None:
                    yield _entry(each.formula_pretty, energy, _attribute(each))


def _attribute(candidate: CandidateDoc) -> dict[str, Any]:
    return {
        "material_id": candidate.material_id,
        "is_candidate": True,
        "is_flagged": candidate.is_flagged,
        "energy_above_hull": candidate.energy_above_hull,
    }


def _entry(formula: str, energy_per_atom: float, attribute: dict[str, Any]) -> PDEntry:
    composition = Composition(formula)
    energy = energy_per_atom * composition.num_atoms
    return PDEntry(composition, energy, name=attribute["material_id"], attribute=attribute)
