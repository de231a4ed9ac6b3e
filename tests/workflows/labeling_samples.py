"""Labelers and crystals for the tests of labeling, by import path."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING

from ase.calculators.emt import EMT
from workflow_samples import cesium_chloride, fcc, write_lines

from facet.testing import LennardJones, NanOn, RaisesOn
from workflows.labeling.calculators import CalculatorSpec
from workflows.labeling.run import LabelRequest, label_crystals
from workflows.labeling.settings import LabelSettings, parse_counts

if TYPE_CHECKING:
    from pathlib import Path

GOLD = 79
SETTINGS = {each.name for each in fields(LabelSettings)}
EMT_PATH = "ase.calculators.emt:EMT"
FEW = "rattled=1,strong=0,swapped=1,step=1,compressed=1,dimer=1"


class SlowEmt(EMT):
    """Takes its time, so that a test can kill it at work."""

    seconds = 0.1

    def calculate(self, *args, **kwargs):
        time.sleep(self.seconds)
        super().calculate(*args, **kwargs)


def pairs():
    return LennardJones(cutoff=4.0, switch_start=3.0)


def raises_on_gold():
    return RaisesOn(pairs(), marker=GOLD)


def nan_on_gold():
    return NanOn(pairs(), marker=GOLD)


def takes_a_secret(api_key, scale=1.0):
    return pairs()


def nothing_of_use():
    return 7


def write_metals(folder: Path) -> Path:
    """Six small crystals of metals that EMT knows, most of whose neighbors it knows too."""
    metals = {
        "ag": fcc("Ag", 4.1),
        "al": fcc("Al", 4.05),
        "au": fcc("Au", 4.1),
        "auag": cesium_chloride("Au", "Ag", 3.3),
        "cu": fcc("Cu", 3.6),
        "nial": cesium_chloride("Ni", "Al", 2.9),
    }
    return write_lines(folder / "metals.jsonl", metals)


def label(folder, name, calculator="labeling_samples:pairs", **changes):
    """Label the metals into a folder; return the manifest and which shards were known."""
    settings = {"counts": parse_counts(FEW), "parents_per_shard": 2}
    settings |= {k: changes.pop(k) for k in list(changes) if k in SETTINGS}
    asked = {"paths": [folder / "metals.jsonl"], **changes}
    if not (folder / "metals.jsonl").exists():
        write_metals(folder)
    request = LabelRequest(
        out=folder / name,
        calculator=CalculatorSpec(calculator),
        settings=LabelSettings(**settings),
        **asked,
    )
    known = []
    manifest = label_crystals(request, lambda note: known.append(note["is_known"]))
    return manifest, known
