"""Make a screening campaign without any download: substitute ions into known prototypes.

    python examples/make_campaign.py --out campaign

writes three files into the folder ``campaign``:

``candidates.extxyz``
    Oxides and halides, unrelaxed: perovskites, spinels, ilmenites, K2NiF4 types, matlockites,
    antiperovskites, elpasolites and layered or chalcopyrite-like ABO2, sized by ionic radii.
``reference.jsonl``
    The elements and the binary oxides and halides that they compete with, in several structures.
    There are no ternaries: a distance to this hull is a distance above the supplied phases.
``controls.json``
    Which candidates are compounds known to exist. A screening must find them without this file.

The same seed gives the same files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from substitution.files import write_candidates, write_controls, write_references


def main() -> None:
    """Write the campaign and say what was written."""
    arguments = parse_arguments()
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(arguments.seed)
    named = write_candidates(folder / "candidates.extxyz", random, arguments.rattle)
    num_references = write_references(folder / "reference.jsonl", random, arguments.rattle)
    num_controls = write_controls(folder / "controls.json", named)
    print(f"{len(named):4d} candidates        {folder / 'candidates.extxyz'}")
    print(f"{num_references:4d} competing phases  {folder / 'reference.jsonl'}")
    print(f"{num_controls:4d} blind controls    {folder / 'controls.json'}")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make a screening campaign by substitution.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=20, help="decides order and displacements")
    parser.add_argument(
        "--rattle", type=float, default=0.02, help="standard displacement of atoms in angstrom"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
