"""Finding stable crystals: relax unrelaxed candidates whose DFT outcome is known.

The candidates are the WBM rows of a substitution campaign. Phases of a candidate's own formula are
taken off the hull, for the truth and for the prediction alike.
"""

from __future__ import annotations

import io
import lzma
from typing import TYPE_CHECKING, Any

import ase.io

from facet.errors import DataError
from facet.graph.convert import crystal_from_atoms
from facet.relaxation.relaxer import relax
from facet.relaxation.result import StopReason
from facet.relaxation.settings import RelaxSettings
from screening.corrections import corrected
from screening.entries import make_entry
from screening.errors import ScreeningError
from screening.hull import Hulls
from screening.references import load_formation_energies
from workflows.evaluation.discovery_scores import score
from workflows.evaluation.sample import sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ase import Atoms

    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult

FILE = "campaign_substitution.extxyz.xz"
HULL = "mp_hull.json.xz"

SOURCE = "wbm972"
"""Rows whose DFT labels are certain."""

EVALUATE_ONLY = RelaxSettings(max_steps=0)


def measure_discovery(potential: Potential, data: Path, limit: int | None) -> dict[str, Any]:
    """Relax candidates, place them on the hull and compare with what DFT found.

    Args:
        potential: The potential.
        data: Folder of the campaign, the hull and the elements.
        limit: Candidates at most, drawn by a fixed seed; None takes all.

    Returns:
        Scores and a row for each candidate.
    """
    hulls = Hulls(load_formation_energies(data / HULL))
    known = [
        each
        for each in read_candidates(data / FILE)
        if set(each.numbers.tolist()) <= potential.species
    ]
    chosen = sample(known, limit)
    rows = discover(potential, chosen, hulls)
    return {**score(rows), "rows": rows}


def read_candidates(path: Path) -> list[Atoms]:
    """Read the unrelaxed candidates whose DFT labels are certain.

    Raises:
        DataError: There is no such file.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}; check the folder of the data.")
    text = io.StringIO(lzma.decompress(path.read_bytes()).decode())
    atoms = ase.io.iread(text, index=":", format="extxyz")
    return [each for each in atoms if each.info["source"] == SOURCE]


def discover(
    potential: Potential, candidates: Sequence[Atoms], hulls: Hulls
) -> list[dict[str, Any]]:
    """Relax candidates and set what comes out beside the truth, in the order given.

    Distances and formation energies are in eV/atom, volumes in A^3 per atom; what is not known of
    a crystal, because it did not converge or has no place on the hull, is None.
    """
    crystals = [(str(number), crystal_from_atoms(each)) for number, each in enumerate(candidates)]
    relaxed = {each.name: each for each in relax(crystals, potential)}
    unrelaxed = {each.name: each for each in relax(crystals, potential, EVALUATE_ONLY)}
    return [
        {
            **_truth(each.info),
            "stop_reason": relaxed[str(number)].stop_reason.value,
            "num_steps": relaxed[str(number)].num_steps,
            "relaxed": _placed(relaxed[str(number)], potential, hulls, must_converge=True),
            "unrelaxed": _placed(unrelaxed[str(number)], potential, hulls, must_converge=False),
        }
        for number, each in enumerate(candidates)
    ]


def _truth(info: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(info["candidate_of"]),
        "formula": str(info["formula"]),
        "dft_above_hull": float(info["dft_e_above_hull_excl_own"]),
        "dft_formation_energy": float(info["dft_e_form"]),
        "dft_volume": float(info["dft_volume_per_atom"]),
    }


def _placed(
    result: RelaxResult, potential: Potential, hulls: Hulls, *, must_converge: bool
) -> dict[str, float] | None:
    """Correct the energy of a crystal as DFT's is, and measure its distance to the hull."""
    if must_converge and result.stop_reason is not StopReason.CONVERGED:
        return None
    structure = result.structure
    try:
        entry = make_entry(result.name, structure, result.energy)
        energy = corrected(entry, potential.energy_scheme)
        place = hulls.distance(structure.composition, energy.total, without_formula=True)
    except ScreeningError:
        return None
    return {
        "above_hull": place.energy_above_hull,
        "formation_energy": place.formation_energy_per_atom,
        "volume": structure.volume / len(structure),
    }
