"""Which coordinates of a crystal a relaxation must leave alone, as its source says it.

Held are fractional coordinates, as in VASP's selective dynamics: what is held stays where it is in
the cell, also while the cell changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facet.errors import InvalidStructure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

SELECTIVE = "selective_dynamics"
"""The site property in which pymatgen keeps what may move."""

ALIGNED = 1e-6
"""A vector leans toward an axis no more than this, relative to its length."""


def checked_held(is_held: ArrayLike | None, shape: tuple[int, ...], name: str) -> np.ndarray | None:
    """Copy the marks of a crystal; None where nothing is held.

    Args:
        is_held: As in ``Crystal``.
        shape: Of the positions.
        name: What to call the crystal in messages.

    Raises:
        InvalidStructure: There is not one mark for each coordinate.
    """
    if is_held is None:
        return None
    marks = np.array(is_held)
    if marks.shape != shape or marks.dtype != np.bool_:
        raise InvalidStructure(
            f"{name}: what is held must be one truth value for each coordinate of each atom, "
            f"not {marks.dtype.name} of shape {marks.shape}."
        )
    return marks if marks.any() else None


def held_by_sites(sites: Iterable[Any], name: str) -> np.ndarray | None:
    """Read the selective dynamics of pymatgen's sites, which hold what *may* move.

    Raises:
        InvalidStructure: A site holds something else.
    """
    found = [site.properties.get(SELECTIVE) for site in sites]
    if all(each is None for each in found):
        return None
    marks = [np.ones(3, dtype=bool) if each is None else np.array(each) for each in found]
    if any(each.shape != (3,) or each.dtype != np.bool_ for each in marks):
        raise InvalidStructure(
            f"{name}: {SELECTIVE} must be three truth values for each site; mend or remove it."
        )
    return ~np.array(marks)


def held_by_constraints(atoms: Any, cell: np.ndarray, name: str) -> np.ndarray | None:  # noqa: ANN401 (ASE has no types)
    """Read the constraints of an ASE ``Atoms``.

    Raises:
        InvalidStructure: One of them is not the holding of fractional coordinates.
    """
    if not atoms.constraints:
        return None
    is_held = np.zeros((len(atoms), 3), dtype=bool)
    for constraint in atoms.constraints:
        kind = type(constraint).__name__
        if kind == "FixAtoms":
            mask = np.ones(3, dtype=bool)
        elif kind == "FixScaled":
            mask = np.asarray(constraint.mask, dtype=bool)
        elif kind == "FixCartesian":
            mask = _along_vectors(np.asarray(constraint.mask, dtype=bool), cell, name)
        else:
            raise InvalidStructure(
                f"{name}: ASE's {kind} has no counterpart here; remove it, or hold atoms with "
                "FixAtoms or FixScaled."
            )
        is_held[constraint.index] |= mask
    return is_held


def held_groups(is_held: np.ndarray | None) -> list[tuple[tuple[bool, ...], np.ndarray]]:
    """Indices of the atoms that are held alike, with what is held of them."""
    if is_held is None:
        return []
    masks = np.unique(is_held[is_held.any(axis=1)], axis=0)
    return [(tuple(mask.tolist()), (is_held == mask).all(axis=1).nonzero()[0]) for mask in masks]


def _along_vectors(axes: np.ndarray, cell: np.ndarray, name: str) -> np.ndarray:
    """Tell which fractional coordinates to hold so that the atom keeps these Cartesian ones.

    An atom then moves along the other lattice vectors; they, and only they, must be perpendicular
    to all the axes.
    """
    lengths = np.linalg.norm(cell, axis=1, keepdims=True)
    is_held: np.ndarray = (np.abs(cell[:, axes]) > ALIGNED * lengths).any(axis=1)
    if is_held.sum() != axes.sum():
        raise InvalidStructure(
            f"{name}: FixCartesian holds a direction that is not one of the lattice's; "
            "use FixScaled, which holds atoms along the lattice vectors."
        )
    return is_held
