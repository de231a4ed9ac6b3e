"""What the tests of screening share."""

import io
import lzma
from pathlib import Path

import ase.io
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from screening.reference import Reference, ReferencePhase

SHARED = Path(__file__).parents[3] / "shared" / "data"


def shared_file(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the data beside the project lacks {name}")
    return path


@pytest.fixture(scope="session")
def known_phases() -> Reference:
    from screening.references import load_formation_energies

    return load_formation_energies(shared_file("mp_hull.json.xz"))


@pytest.fixture
def toy() -> Reference:
    """Ca, Ti and O2 at zero, two oxides and a perovskite that lies below them."""
    rows = {
        "ca": ("Ca", 0.0),
        "ti": ("Ti", 0.0),
        "o2": ("O2", 0.0),
        "lime": ("CaO", -3.0),
        "rutile": ("TiO2", -3.2),
        "perovskite": ("CaTiO3", -3.3),
        "tilted": ("Ca2Ti2O6", -3.25),
    }
    return Reference(
        name="toy",
        scheme="MP2020",
        phases=tuple(ReferencePhase(name, *row) for name, row in rows.items()),
        element_energies={"Ca": -2.0, "Ti": -7.9, "O": -4.9},
    )


@pytest.fixture
def rocksalt():
    """Make a primitive rocksalt crystal of a cation and an anion."""

    def build(cation: str, anion: str, length: float = 4.3) -> Structure:
        half = length / 2
        lattice = Lattice([[0, half, half], [half, 0, half], [half, half, 0]])
        return Structure(lattice, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])

    return build


@pytest.fixture(scope="session")
def wbm_rows() -> list[tuple[dict, Structure]]:
    """DFT-relaxed WBM crystals with their uncorrected energies and known outcomes."""
    path = shared_file("campaign_relaxed_truth.extxyz.xz")
    text = lzma.decompress(path.read_bytes()).decode()
    frames = ase.io.read(io.StringIO(text), index=":", format="extxyz")
    return [
        (atoms.info, Structure(atoms.cell.array, atoms.numbers, atoms.get_scaled_positions()))
        for atoms in frames
        if atoms.info["source"] == "wbm972"
    ]
