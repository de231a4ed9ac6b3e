"""How far two relaxed geometries of one crystal are apart."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher

from facet.graph.convert import structure_from
from facet.graph.neighbors import Crystal
from workflows.symmetry import space_group_number

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from db.documents import RelaxationDoc

TOLERANCES = (0.01, 0.1)
"""Angstrom, within which space groups are told."""


def geometry_of(first: RelaxationDoc, other: RelaxationDoc) -> dict[str, Any]:
    """Compare the geometries of two relaxations of one crystal.

    Returns:
        ``volume_change`` and ``length_change`` (mean of the three) as shares of the first,
        ``angle_change`` in degrees, ``rmsd`` over the cube root of the volume per atom (None where
        the two do not match), and whether the space groups agree within each tolerance.
    """
    crystals = [Crystal(*each.geometry.unpack()) for each in (first, other)]
    a, b = (structure_from(each) for each in crystals)
    groups = {
        f"{tolerance:g}": [space_group(each, tolerance) for each in crystals]
        for tolerance in TOLERANCES
    }
    lengths = np.array(b.lattice.abc) / np.array(a.lattice.abc) - 1.0
    angles = np.array(b.lattice.angles) - np.array(a.lattice.angles)
    return {
        "volume_per_atom": [a.volume / len(a), b.volume / len(b)],
        "volume_change": b.volume / a.volume - 1.0,
        "length_change": float(np.abs(lengths).mean()),
        "angle_change": float(np.abs(angles).mean()),
        "rmsd": rmsd_of(a, b),
        "space_groups": groups,
        "same_space_group": {key: _agree(pair) for key, pair in groups.items()},
    }


def rmsd_of(first: Structure, other: Structure) -> float | None:
    """Root mean square distance of matched sites over the cube root of the volume per atom.

    Cells are not scaled to each other. None where the two do not match.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen's, of its own innards
        found = _matcher().get_rms_dist(first, other)  # type: ignore[no-untyped-call]
    return None if found is None else float(found[0])


def space_group(crystal: Crystal, tolerance: float) -> int | None:
    """International number within a tolerance in angstrom; None where none can be told."""
    if space_group_number(crystal) is None:  # one that exploded or collapsed, or is too large
        return None
    import moyopy  # takes a moment; reports of energies alone need none

    cell = np.asarray(crystal.cell, dtype=np.float64)
    fractional = np.linalg.solve(cell.T, np.asarray(crystal.positions).T).T % 1.0
    lists = cell.tolist(), fractional.tolist(), np.asarray(crystal.species).tolist()
    try:
        return int(moyopy.MoyoDataset(moyopy.Cell(*lists), symprec=tolerance).number)
    except ValueError:
        return None


def _agree(pair: list[int | None]) -> bool | None:
    return None if None in pair else pair[0] == pair[1]


@lru_cache(maxsize=1)
def _matcher() -> StructureMatcher:
    return StructureMatcher(stol=1.0, scale=False)
