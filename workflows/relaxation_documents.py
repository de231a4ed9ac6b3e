"""Ends of relaxations as documents."""

from __future__ import annotations

import platform
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from db.documents import Blob, RelaxationDoc, pack_geometry
from facet.graph.neighbors import Crystal
from workflows.curves import stored_curve
from workflows.device_names import where_it_runs
from workflows.keys import relaxation_key
from workflows.symmetry_beside import space_group_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from db.documents import StructureDoc
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings

VERSIONED = ("facet", "torch", "e3nn", "mace-torch", "moyopy")
"""Packages that decide a relaxation, where they are installed."""


class _SpaceGroups(NamedTuple):
    """Numbers before and after; None where none can be told."""

    initial: int | None
    final: int | None


def relaxation_documents(
    ends: Sequence[tuple[StructureDoc, RelaxResult]], potential: Potential, settings: RelaxSettings
) -> list[RelaxationDoc]:
    """Documents of the ends of relaxations of stored crystals.

    A crystal that the potential could not even read keeps the geometry that it is stored with.

    Args:
        ends: Each crystal as it was handed in, and what became of it.
        potential: Relaxed them.
        settings: Of the relaxations.
    """
    initial = space_group_numbers([Crystal(*stored.geometry.unpack()) for stored, _ in ends])
    final = space_group_numbers([result.crystal for _, result in ends])
    groups = map(_SpaceGroups, initial, final)
    return [
        _document(stored, result, of_it, potential, settings)
        for (stored, result), of_it in zip(ends, groups, strict=True)
    ]


def _document(
    stored: StructureDoc,
    result: RelaxResult,
    groups: _SpaceGroups,
    potential: Potential,
    settings: RelaxSettings,
) -> RelaxationDoc:
    plain = settings.to_dict()
    was_read = len(result.species) > 0
    geometry = pack_geometry(result.species, result.positions, result.cell, result.is_held)
    way = result.trajectory
    return RelaxationDoc(
        relaxation_id=relaxation_key(stored.structure_id, potential.fingerprint, plain),
        structure_id=stored.structure_id,
        potential_fingerprint=potential.fingerprint,
        energy_scheme=potential.energy_scheme,
        settings=plain,
        stop_reason=result.stop_reason.value,
        # Several campaigns may share this document, and in each the crystal has its own name.
        message=result.message.removeprefix(f"{result.name}: "),
        nsites=stored.nsites,
        geometry=geometry if was_read else stored.geometry,
        energy=result.energy,
        energy_per_atom=result.energy / stored.nsites,
        fmax=result.fmax,
        smax=result.smax,
        num_steps=result.num_steps,
        num_evaluations=result.num_evaluations,
        initial_space_group=groups.initial,
        space_group=groups.final,
        symmetric_energy=result.symmetric_energy,
        trajectory=None if way is None else Blob.of(way.to_bytes()),
        num_frames=0 if way is None else len(way.frame_index),
        **stored_curve(result.curve)._asdict(),
        member_offsets=_packed(result.member_offsets),
        wall_share=result.wall_share,
        **where_it_runs(str(potential.device)),
        versions=dict(_versions()),
        created_at=datetime.now(UTC),
    )


def _packed(offsets: np.ndarray | None) -> bytes | None:
    return None if offsets is None else offsets.astype("<f4").tobytes()


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Versions of the programs that decide a document; looking them up takes milliseconds."""
    installed = []
    for name in VERSIONED:
        with suppress(PackageNotFoundError):
            installed.append((name, version(name)))
    return (*installed, ("python", platform.python_version()))
