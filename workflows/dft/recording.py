"""From task documents to the result of a follow-up; a strange document becomes a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.entries.computed_entries import ComputedStructureEntry

from db.documents import Adjustment, pack_geometry
from db.documents.follow_up import DftResult
from db.errors import DbError
from db.follow_ups import fail, finish, follow_up_by_id
from screening.corrections import mp2020_corrected
from screening.entries import plain_structure
from screening.errors import ScreeningError
from screening.formulas import pretty_formula
from workflows.convert import structure_of
from workflows.dft.errors import FollowUpError
from workflows.dft.frames import frames_of, packed_frames
from workflows.dft.task_documents import core_hours, read_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from db.client import MongoDatabase
    from db.documents.follow_up import FollowUpDoc
    from screening.corrections import CorrectedEnergy
    from workflows.dft.task_documents import Task

MOST_WORDS = 500
"""Characters of what a library said of a document that nobody foresaw."""


def record(
    database: MongoDatabase, follow_up_id: str, final: object, documents: Sequence[object] = ()
) -> str:
    """Store the result of a follow-up, or why it has none; return its status after that.

    The first result stays; a failure gives way to a result.

    Args:
        database: Holds the follow-up.
        follow_up_id: The follow-up.
        final: The document that ends the calculation.
        documents: Those of all its tasks, in the order of time, if there are more than one.

    Raises:
        MissingDocumentError: There is no such follow-up.
    """
    follow_up = follow_up_by_id(database, follow_up_id)
    try:
        result, frames = _result(follow_up, final, [each for each in documents if each] or [final])
        finish(database, follow_up_id, result, frames)
    except (FollowUpError, DbError) as error:
        fail(database, follow_up_id, str(error))
    except Exception as error:  # noqa: BLE001 (a document of any form is data, never a failed job)
        told = f"{type(error).__name__}: {error}"[:MOST_WORDS]
        fail(database, follow_up_id, f"The task document cannot be understood ({told}).")
    return follow_up_by_id(database, follow_up_id).status


def _result(
    follow_up: FollowUpDoc, final: object, documents: Sequence[object]
) -> tuple[DftResult, bytes | None]:
    task = read_task(final)
    structure = plain_structure(task.structure)
    _check_composition(follow_up, structure)
    energy, refusal = _corrected(follow_up.follow_up_id, task, structure)
    predicted = structure_of(follow_up.geometry)
    frames, num_frames = packed_frames(frames_of(documents, follow_up.relaxation_id, task))
    result = DftResult(
        energy=task.energy,
        corrected_energy=energy.total if energy else None,
        adjustments=tuple(
            Adjustment(name=each.name, value=each.value)
            for each in (energy.adjustments if energy else ())
        ),
        refusal=refusal,
        pymatgen_version=energy.pymatgen_version if energy else None,
        run_type=task.run_type,
        hubbards={key.replace(".", ""): value for key, value in task.hubbards.items()},
        potcar_titles=task.potcar_titles,
        geometry=pack_geometry(
            structure.atomic_numbers, structure.cart_coords, structure.lattice.matrix
        ),
        volume_per_atom=structure.volume / len(structure),
        rmsd=rmsd_between(plain_structure(predicted), structure),
        core_hours=core_hours(documents),
        num_frames=num_frames,
        task_uuid=task.uuid,
        task_folder=task.folder,
        completed_at=task.completed_at or datetime.now(UTC),
    )
    return result, frames


def rmsd_between(first: Structure, second: Structure) -> float | None:
    """Root mean square distance of matched sites over the cube root of the volume per atom.

    Volumes count: cells are not scaled to each other. None where the crystals do not match.
    """
    matcher: Any = StructureMatcher(stol=1.0, scale=False)
    found = matcher.get_rms_dist(first, second)
    return None if found is None else float(found[0])


def _check_composition(follow_up: FollowUpDoc, structure: Structure) -> None:
    formula = pretty_formula(structure.composition)
    if formula != follow_up.formula_pretty:
        raise FollowUpError(
            f"The task document is of {formula}, the follow-up of {follow_up.formula_pretty}: "
            f"import the document of the right calculation."
        )


def _corrected(
    name: str, task: Task, structure: Structure
) -> tuple[CorrectedEnergy | None, str | None]:
    """Correct the energy of a task, or say why it has no place on the hull."""
    parameters = {
        "run_type": task.run_type,
        "is_hubbard": bool(task.hubbards),
        "hubbards": task.hubbards,
    }
    entry = ComputedStructureEntry(structure, task.energy, parameters=parameters, entry_id=name)
    try:
        return mp2020_corrected(entry), None
    except ScreeningError as error:
        return None, str(error)
