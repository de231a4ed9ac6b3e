"""Small inputs, and the reading of them, for the tests of reading."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pymatgen.core import Lattice, Structure

from workflows.inputs import InputCrystal, ReadLimits, read_crystals

if TYPE_CHECKING:
    from pathlib import Path


def rock_salt(length: float = 4.2) -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(length), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ).get_primitive_structure()


@cache
def rock_salt_cif() -> str:
    return rock_salt().to(fmt="cif")


def frame(*, first: str = "Mg", extra: str = "", lattice: str = "3 0 0 0 3 0 0 0 3") -> str:
    return (
        f'2\nLattice="{lattice}" Properties=species:S:1:pos:R:3 {extra}\n'
        f"{first} 0.0 0.0 0.0\nO 1.5 1.5 1.5\n"
    )


def read(*paths: Path, limits: ReadLimits | None = None) -> list[InputCrystal]:
    return list(read_crystals(paths, limits))


def only(path: Path, limits: ReadLimits | None = None) -> InputCrystal:
    crystals = read(path, limits=limits)
    assert len(crystals) == 1
    return crystals[0]


def fault_of(crystal: InputCrystal) -> str:
    """The fault, after checking what holds for every fault."""
    assert crystal.structure is None
    assert crystal.fault is not None
    assert crystal.fault.startswith(crystal.origin)
    assert crystal.fault.endswith(".")
    assert "\n" not in crystal.fault
    return crystal.fault


def written(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
