"""Phonons and elastic constants of known crystals: how many are called unstable, in what time.

    python benchmarks/stability.py --data ../shared/data --crystals 60

takes binary compounds for which DFT gave a heat capacity (phonons) or elastic moduli (strains). A
crystal that is called unstable is most probably a false alarm of the potential, or of the method.
The result goes into ``benchmarks/results/stability.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from machine import hardware, revision
from pymatgen.core.structure import Structure

from facet.checkpoint import load
from facet.graph.convert import crystal_from_structure
from facet.relaxation.settings import RelaxSettings
from screening.gates.limits import DynamicalGate, ElasticGate
from screening.json_files import read_json
from workflows.evaluation.sample import sample
from workflows.stability.elastic import elasticities
from workflows.stability.phonons import phonons
from workflows.stability.rest import Fault, at_rest
from workflows.stability.settings import StabilitySettings

if TYPE_CHECKING:
    from facet.graph.neighbors import Crystal
    from facet.potential import Potential

PHONONS = "alexandria-binary-pbe-phonon-2025.1.json.gz"
ELASTIC = "mp-binary-pbe-elasticity-2025.1.json.gz"
RESULT = Path(__file__).parent / "results" / "stability.json"
SETTINGS = StabilitySettings()
RELAXED_BY = RelaxSettings()


def main() -> None:
    """Measure, print, and write the result."""
    arguments = parse_arguments()
    potential = load(arguments.potential)
    found = {
        "phonons": _phonons(potential, _read(arguments.data / PHONONS, potential, arguments)),
        "elastic": _elastic(potential, _read(arguments.data / ELASTIC, potential, arguments)),
        "fingerprint": potential.fingerprint,
        "settings": SETTINGS.to_dict(),
        "hardware": hardware(),
        "revision": revision(),
    }
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    for part in ("phonons", "elastic"):
        print(part, {key: value for key, value in found[part].items() if key != "rows"})


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Stability of known crystals.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the two files")
    parser.add_argument("--potential", default="facet-s", help="bundled name or path")
    parser.add_argument("--crystals", type=int, default=60, help="of each file")
    return parser.parse_args()


def _read(
    path: Path, potential: Potential, arguments: argparse.Namespace
) -> list[tuple[str, Crystal]]:
    rows: Any = read_json(path)
    chosen = sample(rows, arguments.crystals)
    crystals = [
        (f"{row['mp_id']} {row['formula']}", crystal_from_structure(_structure(row)))
        for row in chosen
    ]
    return [each for each in crystals if set(each[1].species.tolist()) <= potential.species]


def _structure(row: dict[str, Any]) -> Structure:
    return Structure.from_dict(row["structure"])


def _phonons(potential: Potential, crystals: list[tuple[str, Crystal]]) -> dict[str, Any]:
    started = process_time()
    resting, faults = _resting(potential, crystals)
    rows = []
    for name, found in phonons(potential, resting, SETTINGS):
        if isinstance(found, Fault):
            faults[name] = found.reason
            continue
        rows.append(
            {
                "name": name,
                "lowest": round(found.lowest_frequency, 3),
                "lowest_commensurate": round(found.lowest_commensurate, 3),
                "num_atoms": found.supercell.num_atoms,
                "num_displacements": found.num_displacements,
            }
        )
    return _summary(rows, faults, DynamicalGate().lowest, process_time() - started)


def _elastic(potential: Potential, crystals: list[tuple[str, Crystal]]) -> dict[str, Any]:
    started = process_time()
    resting, faults = _resting(potential, crystals)
    rows = []
    strained = SETTINGS.strained(RELAXED_BY)
    for name, found in elasticities(potential, resting, strained, SETTINGS.strain):
        if isinstance(found, Fault):
            faults[name] = found.reason
            continue
        lowest = round(float(found.eigenvalues[0]), 2)
        rows.append({"name": name, "lowest": lowest})
    return _summary(rows, faults, ElasticGate().lowest, process_time() - started)


def _resting(
    potential: Potential, crystals: list[tuple[str, Crystal]]
) -> tuple[list[tuple[str, Crystal]], dict[str, str]]:
    good, faults = [], {}
    for name, rest in at_rest(potential, crystals, SETTINGS.resting(RELAXED_BY)):
        if isinstance(rest, Fault):
            faults[name] = rest.reason
        else:
            good.append((name, rest.crystal))
    return good, faults


def _summary(
    rows: list[dict[str, Any]], faults: dict[str, str], limit: float, seconds: float
) -> dict[str, Any]:
    return {
        "num_crystals": len(rows) + len(faults),
        "num_faults": len(faults),
        "num_unstable": sum(row["lowest"] < limit for row in rows),
        "num_below_zero": sum(row["lowest"] < 0 for row in rows),
        "limit": limit,
        "processor_seconds": round(seconds, 1),
        "faults": faults,
        "rows": rows,
    }


if __name__ == "__main__":
    main()
