"""Measured stabilities as documents."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from db.documents.stability import ElasticPart, PhononPart, StabilityDoc
from workflows.keys import stability_key
from workflows.stability.phonons import Phonons
from workflows.stability.rest import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.documents import RelaxationDoc
    from db.documents.stability import StabilityKind
    from workflows.stability.elastic import Elasticity
    from workflows.stability.settings import StabilitySettings


def stability_document(
    relaxation: RelaxationDoc,
    settings: StabilitySettings,
    kind: StabilityKind,
    found: Phonons | Elasticity | Fault,
    made_by: Mapping[str, Any],
) -> StabilityDoc:
    """Document of one measurement of a stored relaxed crystal.

    Args:
        relaxation: The crystal.
        settings: How it was measured.
        kind: What was measured.
        found: What came of it.
        made_by: Fields that say for whom, and on what.
    """
    plain = settings.to_dict()
    return StabilityDoc(
        stability_id=stability_key(relaxation.relaxation_id, kind, plain),
        relaxation_id=relaxation.relaxation_id,
        kind=kind,
        potential_fingerprint=relaxation.potential_fingerprint,
        settings=plain,
        seconds=round(found.seconds, 3),
        created_at=datetime.now(UTC),
        **made_by,
        **_told(found),
    )


def _told(found: Phonons | Elasticity | Fault) -> dict[str, Any]:
    """The one field of a document that says what was found."""
    if isinstance(found, Fault):
        return {"fault": found.reason}
    if isinstance(found, Phonons):
        return {"phonons": _phonon_part(found)}
    return {"elastic": _elastic_part(found)}


def _phonon_part(found: Phonons) -> PhononPart:
    cell = found.supercell
    return PhononPart.model_validate(
        {
            "lowest_frequency": found.lowest_frequency,
            "wave_vector": found.wave_vector.tolist(),
            "lowest_commensurate": found.lowest_commensurate,
            "supercell": cell.matrix.tolist(),
            "num_atoms": cell.num_atoms,
            "image_distance": cell.image_distance,
            "num_displacements": found.num_displacements,
            "phonopy_version": version("phonopy"),
        }
    )


def _elastic_part(found: Elasticity) -> ElasticPart:
    moduli = found.moduli
    return ElasticPart.model_validate(
        {
            "eigenvalues": found.eigenvalues.tolist(),
            "stiffness": found.stiffness.tolist(),
            "bulk_modulus": moduli.bulk if moduli else None,
            "shear_modulus": moduli.shear if moduli else None,
        }
    )
