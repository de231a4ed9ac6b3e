"""Evidence completed by what the gates ask of the crystal itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from screening.gates.geometry import measure_geometry
from screening.gates.neutrality import is_charge_neutral
from screening.gates.prototype import compare_prototypes

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from screening.evidence import Evidence


def with_crystal(
    evidence: Evidence, relaxed: Structure, before: Structure | None = None
) -> Evidence:
    """Return the evidence together with what was measured of the crystal.

    It takes a few milliseconds, and some tens more where prototypes are compared.

    Args:
        evidence: What is known so far.
        relaxed: The relaxed crystal, ordered, with finite coordinates.
        before: The input crystal; without it prototypes are not compared.
    """
    return replace(
        evidence,
        geometry=measure_geometry(relaxed),
        is_charge_neutral=is_charge_neutral(relaxed.composition),
        prototype=compare_prototypes(before, relaxed) if before is not None else None,
    )
