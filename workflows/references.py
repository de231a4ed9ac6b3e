"""References as documents and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.documents import OmittedPhaseDoc, ReferenceDoc, ReferencePhaseDoc
from screening.reference import Coverage, Reference, ReferencePhase
from workflows.keys import reference_key

if TYPE_CHECKING:
    from collections.abc import Iterator


def reference_document(reference: Reference, key: str | None = None) -> ReferenceDoc:
    """Document of the phases that candidates were measured against.

    Args:
        reference: The phases.
        key: What ``reference_key`` says of it, where that is known already.
    """
    return ReferenceDoc(
        reference_id=key or reference_key(reference),
        name=reference.name,
        scheme=reference.scheme,
        date=reference.date,
        license=reference.license,
        source=reference.source,
        pymatgen_version=reference.pymatgen_version,
        coverage=reference.coverage.value,
        omitted=tuple(
            OmittedPhaseDoc(phase_id=phase_id, reason=reason)
            for phase_id, reason in sorted(reference.omitted.items())
        ),
        element_energies=dict(reference.element_energies),
        phases=tuple(
            ReferencePhaseDoc(
                phase_id=phase.phase_id,
                formula=phase.formula,
                formation_energy_per_atom=phase.formation_energy_per_atom,
            )
            for phase in reference.phases
        ),
    )


def phases_of(stored: ReferenceDoc) -> Iterator[ReferencePhase]:
    """Yield the phases of a stored document."""
    return (ReferencePhase(**each) for each in stored.phases)


def reference_of(stored: ReferenceDoc) -> Reference:
    """Reference of a stored document."""
    return Reference(
        name=stored.name,
        scheme=stored.scheme,
        date=stored.date,
        license=stored.license,
        source=stored.source,
        pymatgen_version=stored.pymatgen_version,
        coverage=Coverage(stored.coverage),
        element_energies=stored.element_energies,
        phases=tuple(phases_of(stored)),
        omitted={each.phase_id: each.reason for each in stored.omitted},
    )
