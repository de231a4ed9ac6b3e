"""The WBM rows of the campaign file, relaxed with a potential and kept for the next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kept_rows import kept_rows, line_of

from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.cli.progress import counted
from workflows.evaluation.discovery import FILE, read_candidates

if TYPE_CHECKING:
    from pathlib import Path

    from facet.facet_potential import FacetPotential
    from facet.graph.neighbors import Crystal


@dataclass(frozen=True)
class WbmRow:
    """A candidate with a known outcome, relaxed by the potential.

    Attributes:
        name: The WBM id.
        formula: Reduced formula as the file writes it.
        above_hull: DFT distance to the hull without phases of its own formula, in eV/atom.
        volume: DFT volume in A^3/atom.
        stop_reason: How the relaxation ended.
        crystal: Relaxed geometry.
        energy: Its energy in eV by the potential.
    """

    name: str
    formula: str
    above_hull: float
    volume: float
    stop_reason: str
    crystal: Crystal
    energy: float


def relaxed_rows(potential: FacetPotential, data: Path, cache: Path) -> list[WbmRow]:
    """Relax the WBM candidates from their unrelaxed start; rows already in the cache are read.

    Args:
        potential: The potential.
        data: Folder of the campaign file.
        cache: Folder of relaxed crystals, one file for each potential and settings.
    """
    settings = RelaxSettings()
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"wbm-{potential.fingerprint[:16]}.jsonl"
    done = {row["name"]: WbmRow(**row) for row in kept_rows(path, settings)}
    atoms = {each.info["candidate_of"]: each for each in read_candidates(data / FILE)}
    waiting = [(name, each) for name, each in atoms.items() if name not in done]
    with path.open("a") as file:
        for result in counted(relax(waiting, potential, settings), len(waiting), "relaxed"):
            info = atoms[result.name].info
            row = WbmRow(
                name=result.name,
                formula=str(info["formula"]),
                above_hull=float(info["dft_e_above_hull_excl_own"]),
                volume=float(info["dft_volume_per_atom"]),
                stop_reason=result.stop_reason.value,
                crystal=result.crystal,
                energy=result.energy,
            )
            done[row.name] = row
            file.write(line_of(row, settings))
            file.flush()
    return [done[name] for name in atoms]
