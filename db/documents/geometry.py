"""Atoms and cell of a crystal, packed so that a site costs 25 bytes instead of 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from db.documents.fields import Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

BYTES_PER_VECTOR = 24
BYTES_PER_CELL = 72


class Geometry(NamedTuple):
    """Plain arrays of one crystal.

    Attributes:
        numbers: Atomic numbers, shape (sites,).
        positions: Cartesian positions in angstrom, shape (sites, 3).
        cell: Cell vectors as rows in angstrom, shape (3, 3).
        is_held: Fractional coordinates that do not move, bool (sites, 3); None where all may.
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    is_held: np.ndarray | None = None


class PackedGeometry(Part):
    """One crystal as little-endian bytes; the number of sites gives every shape."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    numbers: bytes = Field(description="Atomic numbers, one unsigned byte for each site.")
    positions: bytes = Field(description="Cartesian positions in angstrom, float64 (sites, 3).")
    cell: bytes = Field(description="Cell vectors as rows in angstrom, float64 (3, 3).")
    held: bytes = Field(
        b"",
        description="Fractional coordinates that do not move, a byte for each (sites, 3), "
        "nothing where all may.",
    )

    @property
    def num_sites(self) -> int:
        """Number of sites."""
        return len(self.numbers)

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if len(self.positions) != BYTES_PER_VECTOR * self.num_sites:
            raise ValueError("positions and numbers are of different length")
        if len(self.held) not in (0, 3 * self.num_sites):
            raise ValueError("held coordinates and numbers are of different length")
        if len(self.cell) != BYTES_PER_CELL:
            raise ValueError("the cell is not 3 x 3 float64")
        return self

    def unpack(self) -> Geometry:
        """Return fresh arrays that may be changed."""
        import numpy as np  # start-up time: queries that print a table never need it

        positions = np.frombuffer(self.positions, dtype="<f8").astype(np.float64)
        return Geometry(
            numbers=np.frombuffer(self.numbers, dtype=np.uint8).astype(np.int64),
            positions=positions.reshape(self.num_sites, 3),
            cell=np.frombuffer(self.cell, dtype="<f8").astype(np.float64).reshape(3, 3),
            is_held=np.frombuffer(self.held, dtype=bool).reshape(-1, 3) if self.held else None,
        )


def pack_geometry(
    numbers: ArrayLike,
    positions: ArrayLike,
    cell: ArrayLike,
    is_held: ArrayLike | None = None,
) -> PackedGeometry:
    """Pack atomic numbers (sites,), positions (sites, 3) and cell rows (3, 3), both in angstrom.

    Held coordinates (sites, 3) are kept where there are any.

    Raises:
        ValueError: The shapes do not fit together, or a number is no atomic number.
    """
    import numpy as np  # start-up time, as above

    species = np.asarray(numbers)
    points = np.asarray(positions, dtype="<f8")
    matrix = np.asarray(cell, dtype="<f8")
    if points.shape != (len(species), 3) or matrix.shape != (3, 3):
        raise ValueError(
            f"{len(species)} atomic numbers need positions (sites, 3) and a cell (3, 3), "
            f"not {points.shape} and {matrix.shape}"
        )
    if not np.isin(species, np.arange(256)).all():
        raise ValueError("an atomic number is not a whole number between 0 and 255")
    return PackedGeometry(
        numbers=species.astype(np.uint8).tobytes(),
        positions=points.tobytes(),
        cell=matrix.tobytes(),
        held=b"" if is_held is None else np.asarray(is_held, dtype=bool).tobytes(),
    )
