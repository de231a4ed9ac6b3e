"""The dft reference of a campaign with the phases that its own calculations found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from db.documents import ReferenceDoc
from db.queries import documents_by_id
from screening.formulas import element_amounts
from screening.hull_distances import candidate_phase_id
from screening.reference import ReferencePhase, formation_energy_per_atom
from screening.schemes import MP2020
from workflows.convert import structure_of
from workflows.dft.proposals import LEARNED
from workflows.references import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from db.client import MongoDatabase
    from db.documents import CampaignDoc
    from db.documents.follow_up import DftResult, FollowUpDoc, Request
    from screening.reference import Reference

NO_BASE = (
    "The campaign has no dft reference, so its calculations have no hull to lie on: give one with "
    "`facet dft update {} --reference FILE`."
)


class StoredReference(NamedTuple):
    """A reference and the key under which it is stored.

    Attributes:
        key: The key.
        content: The reference.
    """

    key: str
    content: Reference


@dataclass(frozen=True)
class Found:
    """The lowest result of a candidate.

    Attributes:
        request: What the campaign asked.
        follow_up: The calculation.
        result: What it found.
    """

    request: Request
    follow_up: FollowUpDoc
    result: DftResult

    @property
    def material_id(self) -> str:
        """The candidate."""
        return self.request.material_id

    @property
    def energy_per_atom(self) -> float | None:
        """Corrected energy in eV/atom, None where it has no place on the hull."""
        if self.result.corrected_energy is None:
            return None
        return self.result.corrected_energy / self.result.geometry.num_sites


def base_reference(
    database: MongoDatabase, campaign: CampaignDoc, reference_id: str | None = None
) -> StoredReference | None:
    """Return the dft reference of a campaign without any result of its own, if it has one.

    Args:
        database: Holds the references.
        campaign: The campaign.
        reference_id: A stored reference to take; None takes the one taken before, or that of the
            campaign.
    """
    learned: Any = campaign.summary.get(LEARNED) or {}
    own = campaign.reference_id if campaign.reference_scheme == MP2020 else None
    key = reference_id or learned.get("base_reference_id") or own
    if key is None:
        return None
    (stored,) = documents_by_id(database, ReferenceDoc, [key])
    return StoredReference(key, reference_of(stored))


def lowest_results(follow_ups: Iterable[FollowUpDoc], campaign_id: str) -> list[Found]:
    """Return the lowest result of each candidate, by name; of several orderings one is kept.

    A result without a place on the hull is kept only where there is no other.
    """
    found: dict[str, Found] = {}
    for each in sorted(follow_ups, key=lambda each: each.follow_up_id):
        request = each.request_of(campaign_id)
        if request is None or each.result is None:
            continue
        new = Found(request, each, each.result)
        rival = found.get(new.material_id)
        if rival is None or _height(new) < _height(rival):
            found[new.material_id] = new
    return [found[name] for name in sorted(found)]


def with_results(base: Reference, campaign_id: str, found: Iterable[Found]) -> Reference:
    """Add the results of a campaign to its reference as new phases.

    What comes out depends on the base and the results alone: neither on their order nor on when
    this is done. Results that have no place are listed in ``omitted`` with the reason.
    """
    phases, omitted, dates = [], dict(base.omitted), []
    for each in found:
        phase_id = candidate_phase_id(each.material_id)
        refusal = refusal_of(base, each)
        if refusal is not None:
            omitted[phase_id] = refusal
            continue
        amounts = element_amounts(structure_of(each.result.geometry).composition)
        formation = formation_energy_per_atom(
            amounts, float(each.result.corrected_energy or 0.0), base.element_energies
        )
        phases.append(ReferencePhase(phase_id, each.follow_up.formula_pretty, formation))
        if each.result.completed_at is not None:
            dates.append(each.result.completed_at.date().isoformat())
    return replace(
        base,
        name=f"{base.name} + DFT of campaign {campaign_id}",
        phases=base.phases + tuple(phases),
        omitted=omitted,
        date=max(dates, default=base.date),
    )


def refusal_of(base: Reference, found: Found) -> str | None:
    """Say why a result has no place on the hull, if so."""
    if found.result.refusal is not None:
        return found.result.refusal
    elements = set(found.follow_up.chemsys.split("-"))
    lacking = sorted(elements - base.element_energies.keys())
    if lacking:
        return (
            f"Reference '{base.name}' has no elemental energy for {', '.join(lacking)}: add an "
            f"elemental phase of each."
        )
    return None


def _height(found: Found) -> float:
    energy = found.energy_per_atom
    return float("inf") if energy is None else energy
