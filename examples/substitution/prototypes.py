"""Crystal structures to substitute into: AFLOW prototypes that pymatgen ships, and a few more.

A prototype here is a structure whose species are roles (A, B, C: cations; X, Y: anions) instead of
elements. Roles are written as dummy symbols, so that a forgotten substitution cannot pass for an
element.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY  # type: ignore[attr-defined]
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import PeriodicNeighbor, Structure

ROLES = {"A": "Qa", "B": "Qb", "C": "Qc", "X": "Xx", "Y": "Xy"}
"""Dummy symbols of the roles; pymatgen wants them to begin like no element."""


@dataclass(frozen=True)
class Aflow:
    """Where a prototype is found in the AFLOW library, and which of its elements plays which role.

    Attributes:
        label: AFLOW label of the prototype.
        formula: Reduced formula of the library's example; it tells prototypes of one label apart.
        roles: Role of each element of the example.
    """

    label: str
    formula: str
    roles: dict[str, str]


@dataclass(frozen=True)
class Textbook:
    """A hexagonal, trigonal or tetragonal structure by its symmetry, for want of a library entry.

    Attributes:
        space_group: International symbol.
        a: First cell length in angstrom.
        c: Third cell length in angstrom.
        sites: Role and fractional coordinates of each inequivalent atom.
    """

    space_group: str
    a: float
    c: float
    sites: tuple[tuple[str, tuple[float, float, float]], ...]

    def lattice(self) -> Lattice:
        """Return the conventional cell."""
        is_tetragonal = self.space_group.startswith("P4")
        return (Lattice.tetragonal if is_tetragonal else Lattice.hexagonal)(self.a, self.c)


LIBRARY = {
    # One cation, one anion.
    "rock salt": Aflow("AB_cF8_225_a_b", "NaCl", {"Na": "A", "Cl": "X"}),
    "CsCl": Aflow("AB_cP2_221_b_a", "CsCl", {"Cs": "A", "Cl": "X"}),
    "zincblende": Aflow("AB_cF8_216_c_a", "ZnS", {"Zn": "A", "S": "X"}),
    "wurtzite": Aflow("AB_hP4_186_b_b", "ZnS", {"Zn": "A", "S": "X"}),
    "litharge": Aflow("AB_tP4_129_a_c", "PbO", {"Pb": "A", "O": "X"}),
    "fluorite": Aflow("AB2_cF12_225_a_c", "CaF2", {"Ca": "A", "F": "X"}),
    "antifluorite": Aflow("AB2_cF12_225_a_c", "CaF2", {"Ca": "X", "F": "A"}),
    "rutile": Aflow("A2B_tP6_136_f_a", "TiO2", {"Ti": "A", "O": "X"}),
    "anatase": Aflow("A2B_tI12_141_e_a", "TiO2", {"Ti": "A", "O": "X"}),
    "CaCl2": Aflow("AB2_oP6_58_a_g", "CaCl2", {"Ca": "A", "Cl": "X"}),
    "CdI2": Aflow("AB2_hP3_164_a_d", "CdI2", {"Cd": "A", "I": "X"}),
    "anti-CdI2": Aflow("AB2_hP3_164_a_d", "CdI2", {"Cd": "X", "I": "A"}),
    "cotunnite": Aflow("A2B_oP12_62_2c_c", "PbCl2", {"Pb": "A", "Cl": "X"}),
    "baddeleyite": Aflow("A2B_mP12_14_2e_e", "ZrO2", {"Zr": "A", "O": "X"}),
    "corundum": Aflow("A2B3_hR10_167_c_e", "Al2O3", {"Al": "A", "O": "X"}),
    "ReO3": Aflow("A3B_cP4_221_d_a", "ReO3", {"Re": "A", "O": "X"}),
    "AlF3": Aflow("AB3_hR8_155_c_de", "AlF3", {"Al": "A", "F": "X"}),
    "BiF3": Aflow("AB3_cF16_225_a_bc", "BiF3", {"Bi": "A", "F": "X"}),
    "BiI3": Aflow("AB3_hR8_148_c_f", "BiI3", {"Bi": "A", "I": "X"}),
    "AlCl3": Aflow("AB3_mC16_12_g_ij", "AlCl3", {"Al": "A", "Cl": "X"}),
    # Two cations or two anions. A is the larger cation, or the one named first.
    "perovskite": Aflow("AB3C_cP5_221_a_c_b", "CaTiO3", {"Ca": "A", "Ti": "B", "O": "X"}),
    "tetragonal perovskite": Aflow(
        "A3BC_tP5_99_bc_a_b", "ZrPbO3", {"Pb": "A", "Zr": "B", "O": "X"}
    ),
    # The corners of the octahedra hold the cation, their centers an anion.
    "antiperovskite": Aflow("AB3C_cP5_221_a_c_b", "CaTiO3", {"Ca": "Y", "Ti": "X", "O": "A"}),
    "ilmenite": Aflow("AB3C_hR10_148_c_f_c", "TiFeO3", {"Fe": "A", "Ti": "B", "O": "X"}),
    "LiNbO3": Aflow("ABC3_hR10_161_a_a_b", "LiNbO3", {"Li": "A", "Nb": "B", "O": "X"}),
    # A is on the tetrahedral site.
    "spinel": Aflow("A2BC4_cF56_227_d_a_e", "MgAl2O4", {"Mg": "A", "Al": "B", "O": "X"}),
    "K2NiF4": Aflow("AB2C4_tI14_139_a_e_ce", "La2CuO4", {"La": "A", "Cu": "B", "O": "X"}),
    "alpha-NaFeO2": Aflow("ABC2_hR4_166_a_b_c", "NaCrS2", {"Na": "A", "Cr": "B", "S": "X"}),
    "chalcopyrite": Aflow("ABC2_tI16_122_a_b_d", "FeCuS2", {"Cu": "A", "Fe": "B", "S": "X"}),
    # X is the smaller anion, in the flat layer.
    "matlockite": Aflow("ABC_tP6_129_c_a_c", "PbClF", {"Pb": "A", "F": "X", "Cl": "Y"}),
    # Elements.
    "fcc": Aflow("A_cF4_225_a", "Cu", {"Cu": "A"}),
    "bcc": Aflow("A_cI2_229_a", "W", {"W": "A"}),
    "hcp": Aflow("A_hP2_194_c", "Mg", {"Mg": "A"}),
    "double hcp": Aflow("A_hP4_194_ac", "La", {"La": "A"}),
    "omega": Aflow("AB2_hP3_191_a_d", "AlB2", {"Al": "A", "B": "A"}),
    "alpha-O2": Aflow("A_mC4_12_i", "O2", {"O": "A"}),
    "beta-O2": Aflow("A_hR2_166_c", "O2", {"O": "A"}),
    "I2": Aflow("A_oC8_64_f", "I", {"I": "A"}),
}
"""Prototypes from the AFLOW encyclopedia, doi:10.1016/j.commatsci.2017.01.017."""


TEXTBOOK = {
    "CdCl2": Textbook("R-3m", 3.64, 17.67, (("A", (0, 0, 0)), ("X", (0, 0, 0.2578)))),
    "A-La2O3": Textbook(
        "P-3m1",
        3.94,
        6.13,
        (("A", (1 / 3, 2 / 3, 0.245)), ("X", (1 / 3, 2 / 3, 0.645)), ("X", (0, 0, 0))),
    ),
    "HgI2": Textbook("P4_2/nmc", 3.70, 10.67, (("A", (0, 0, 0)), ("X", (0, 0.5, 0.139)))),
    "UCl3": Textbook(
        "P6_3/m", 7.48, 4.37, (("A", (1 / 3, 2 / 3, 0.25)), ("X", (0.387, 0.302, 0.25)))
    ),
    "tysonite": Textbook(
        "P-3c1",
        7.185,
        7.351,
        (
            ("A", (0.6598, 0, 0.25)),
            ("X", (0.366, 0.054, 0.0813)),
            ("X", (1 / 3, 2 / 3, 0.1859)),
            ("X", (0, 0, 0.25)),
        ),
    ),
}
"""Structures that the library lacks, after Wyckoff, Crystal Structures (1963)."""


@cache
def prototype(name: str) -> Structure:
    """Return the structure of a prototype with roles for species; never change it in place."""
    if name == "double perovskite":
        return _double_perovskite()
    if name in LIBRARY:
        return _from_library(LIBRARY[name])
    return _from_textbook(TEXTBOOK[name])


def _from_library(wanted: Aflow) -> Structure:
    found = [
        entry["snl"].structure
        for entry in AFLOW_PROTOTYPE_LIBRARY
        if entry["tags"]["aflow"] == wanted.label
        and entry["snl"].structure.composition.reduced_formula == wanted.formula
    ]
    if len(found) != 1:
        raise LookupError(
            f"pymatgen ships {len(found)} prototypes {wanted.label} of {wanted.formula} instead "
            f"of one: install the pymatgen that constraints.txt names."
        )
    species = [ROLES[wanted.roles[site.specie.symbol]] for site in found[0]]
    return Structure(found[0].lattice, species, found[0].frac_coords)


def _double_perovskite() -> Structure:
    """Double the perovskite along [111], so that its B sites alternate (elpasolite)."""
    doubled = prototype("perovskite").make_supercell(
        [[0, 1, 1], [1, 0, 1], [1, 1, 0]], in_place=False
    )
    second_b = doubled.indices_from_symbol(ROLES["B"])[1]
    return doubled.replace(second_b, ROLES["C"])


def move_anions_between(structure: Structure, share: float) -> Structure:
    """Put every anion of a double perovskite at a share of the way from its B to its C."""
    moved = structure.copy()
    for index in structure.indices_from_symbol(ROLES["X"]):
        begin, end = (_nearest(structure, index, ROLES[role]) for role in "BC")
        place = begin.coords + share * (end.coords - begin.coords)
        moved.translate_sites([index], place - structure[index].coords, frac_coords=False)
    return moved


def _nearest(structure: Structure, index: int, symbol: str) -> PeriodicNeighbor:
    """Return the neighbor of one kind that is nearest to an atom."""
    near = structure.get_neighbors(structure[index], structure.lattice.a)
    return min(
        (neighbor for neighbor in near if neighbor.specie.symbol == symbol),
        key=lambda neighbor: neighbor.nn_distance,
    )


def _from_textbook(entry: Textbook) -> Structure:
    roles = [ROLES[role] for role, _ in entry.sites]
    places = [place for _, place in entry.sites]
    lattice = entry.lattice()
    crystal = Structure.from_spacegroup(entry.space_group, lattice, roles, places)
    return crystal.get_primitive_structure(tolerance=0.01)
