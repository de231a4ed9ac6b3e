"""Whether a crystal kept the prototype that it started from."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer, SymmetryUndeterminedError

from screening.entries import plain_structure
from screening.formulas import noble_gases_allowed

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

SYMMETRY_TOLERANCE = 0.1
"""Angstrom; the Materials Project tells the symmetry of relaxed crystals with the same."""


@dataclass(frozen=True)
class PrototypeChange:
    """The prototype of a crystal before and after relaxation.

    Attributes:
        before: Label of the input crystal, None where symmetry could not be told.
        after: Label of the relaxed crystal.
        is_kept: Whether the labels agree, or the two match once scaled to one volume.
    """

    before: str | None
    after: str | None
    is_kept: bool


def prototype_label(structure: Structure) -> str | None:
    """Name a prototype by formula, Pearson symbol, space group and sites, as AFLOW does.

    ``AB2_tP6_136_2_4`` is rutile: the last numbers are the multiplicities of the Wyckoff positions
    of each element. Letters are left out, because they depend on the choice of the origin. None
    where symmetry cannot be told.
    """
    try:
        with warnings.catch_warnings():
            # pymatgen's affair: it asks spglib in a way that spglib wants to retire.
            warnings.filterwarnings("ignore", "Set OLD_ERROR_HANDLING", DeprecationWarning)
            analyzer = SpacegroupAnalyzer(plain_structure(structure), symprec=SYMMETRY_TOLERANCE)
        pearson = analyzer.get_pearson_symbol()
        with noble_gases_allowed():
            anonymous = structure.composition.element_composition.anonymized_formula
    except (SymmetryUndeterminedError, TypeError, ValueError):  # what pymatgen raises then
        return None
    dataset = analyzer.get_symmetry_dataset()
    # In the primitive cell two choices of the cell give the same multiplicities.
    share = len(set(dataset.mapping_to_primitive.tolist())) / len(structure)
    species = structure.atomic_numbers
    sites: dict[int, list[int]] = {}
    for first, count in sorted(Counter(dataset.equivalent_atoms.tolist()).items()):
        sites.setdefault(species[first], []).append(round(count * share))
    parts = sorted((sum(each), sorted(each)) for each in sites.values())
    counts = "_".join("-".join(map(str, each)) for _, each in parts)
    return f"{anonymous}_{pearson}_{analyzer.get_space_group_number()}_{counts}"


def compare_prototypes(before: Structure, after: Structure) -> PrototypeChange:
    """Tell whether a crystal is still of the prototype that it had before its relaxation.

    Args:
        before: The input crystal.
        after: The same atoms, relaxed.
    """
    labels = prototype_label(before), prototype_label(after)
    is_kept = labels[0] is not None and labels[0] == labels[1]
    if not is_kept:
        matcher = StructureMatcher()
        is_kept = bool(matcher.fit(plain_structure(before), plain_structure(after)))
    return PrototypeChange(*labels, is_kept=is_kept)
