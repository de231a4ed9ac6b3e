"""The Materials Project's 2020 energy corrections, adjustment by adjustment."""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element
from pymatgen.entries.compatibility import (
    CompatibilityError,
    MaterialsProject2020Compatibility,
)

from screening.errors import MixedSchemes, ScreeningError
from screening.formulas import FormulaKey, element_amounts, formula_key, noble_gases_allowed
from screening.schemes import MP2020, UNCORRECTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.entries.computed_entries import ComputedEntry


@dataclass(frozen=True)
class Adjustment:
    """One energy correction.

    Attributes:
        name: What it corrects, in pymatgen's words.
        value: Energy in eV that it adds to the cell.
    """

    name: str
    value: float


@dataclass(frozen=True)
class CorrectedEnergy:
    """A total energy in the MP2020 scheme and how it came about.

    Attributes:
        total: Corrected energy of the cell in eV.
        adjustments: The corrections that it contains.
        pymatgen_version: Version whose table of corrections was used.
    """

    total: float
    adjustments: tuple[Adjustment, ...]
    pymatgen_version: str


def mp2020_corrected(entry: ComputedEntry) -> CorrectedEnergy:
    """Correct an uncorrected PBE(+U) entry as the Materials Project does.

    The entry itself stays as it is.

    Raises:
        ScreeningError: pymatgen would silently discard the entry, e.g. for a functional other
            than GGA or GGA+U, or for Hubbard U values that MP2020 was not fitted to.
    """
    described = copy(entry)
    described.data = _with_what_decides(entry.composition, entry.data)
    with warnings.catch_warnings():
        # An unguessed oxidation state is pymatgen's normal case, not news to the reader.
        warnings.simplefilter("ignore")
        try:
            found = _scheme().get_adjustments(described)
        except (CompatibilityError, ValueError, KeyError) as error:
            raise ScreeningError(_refusal(entry, error)) from error
    adjustments = tuple(Adjustment(item.name, float(item.value)) for item in found)
    total = float(entry.uncorrected_energy) + sum(item.value for item in adjustments)
    return CorrectedEnergy(total, adjustments, pymatgen_version())


def corrected(entry: ComputedEntry, energy_scheme: str) -> CorrectedEnergy:
    """Bring a potential's energy to the MP2020 scheme; correct only what is uncorrected.

    Args:
        entry: The crystal with the energy that the potential gave.
        energy_scheme: The scheme of that energy, as the potential declares it.

    Raises:
        MixedSchemes: MP2020 says nothing of such energies.
        ScreeningError: pymatgen would silently discard the entry.
    """
    if energy_scheme == UNCORRECTED:
        return mp2020_corrected(entry)
    if energy_scheme == MP2020:
        return CorrectedEnergy(float(entry.uncorrected_energy), (), pymatgen_version())
    raise MixedSchemes(
        f"The potential's energies are of scheme '{energy_scheme}', which cannot meet MP2020 "
        f"energies: use a potential whose scheme is '{UNCORRECTED}' or '{MP2020}'."
    )


def _refusal(entry: ComputedEntry, error: Exception) -> str:
    """Say in one sentence why an entry cannot be corrected."""
    run_type = entry.parameters.get("run_type")
    hubbards = entry.parameters.get("hubbards") or {}
    detail = str(error).split(" for {")[0].rstrip(".")
    return (
        f"MP2020 does not cover entry {entry.entry_id} (run type {run_type}, U {hubbards}): "
        f"{detail}; compute it as MPRelaxSet does, or leave it out."
    )


def _with_what_decides(composition: Composition, data: Mapping[str, object]) -> dict[str, object]:
    """Add what pymatgen would find out by itself, less often or not at all where it is idle."""
    amounts = element_amounts(composition)
    told = dict(data)
    if "oxidation_states" not in told:
        told["oxidation_states"] = _oxidation_states(amounts)
    if not told.get("sulfide_type") and "S" in amounts and not _may_hold_sulfate(amounts):
        told["sulfide_type"] = "sulfide"
    return told


def _oxidation_states(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return the guess that pymatgen would make; an empty one where no correction asks for it."""
    # Oxygen and sulfur are told by distances, and the other names of the table are no elements.
    if amounts.keys().isdisjoint(_scheme().comp_correction.keys() - {"S"}):
        return {}
    return dict(_guessed_oxidation_states(formula_key(amounts)))


def _may_hold_sulfate(amounts: Mapping[str, float]) -> bool:
    """Tell whether neighbors of sulfur can be more electronegative than it is.

    Where none is, pymatgen would ask for the symmetry and all neighbors only to find a sulfide or
    a polysulfide, and it corrects both alike.
    """
    with noble_gases_allowed():
        return any(Element(symbol).X > Element("S").X for symbol in amounts)


@lru_cache(maxsize=65536)
def _guessed_oxidation_states(key: FormulaKey) -> tuple[tuple[str, float], ...]:
    """Guess oxidation states as the MP2020 scheme does: never for more than 20 atoms."""
    try:
        guesses = Composition(dict(key)).oxi_state_guesses(max_sites=-20)
    except ValueError:
        return ()
    return tuple(guesses[0].items()) if guesses else ()


@lru_cache(maxsize=1)
def _scheme() -> MaterialsProject2020Compatibility:
    """Build the scheme once; POTCARs are not ours to check."""
    return MaterialsProject2020Compatibility(check_potcar=False)


@lru_cache(maxsize=1)
def pymatgen_version() -> str:
    """Return the version of the package that carries the table of corrections."""
    return version("pymatgen")
