"""What candidates compete with, as files hold it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from screening import json_files
from workflows.competitors import competitors_of
from workflows.settings import CampaignSettings

FINGERPRINT = "f" * 64
PHASES = {"NaCl": -2.1, "Na": 0.0, "Cl": 0.0}
ENTRY = {"@class": "ComputedEntry", "@module": "pymatgen.entries.computed_entries"}


@pytest.fixture
def reads(monkeypatch):
    """Names of the compressed files in the order in which they are opened."""
    opened = []

    def counting(source, *how, **more):
        opened.append(Path(source).name)
        return gzip.open(source, *how, **more)

    monkeypatch.setitem(json_files._OPENERS, ".gz", counting)
    return opened


def write(path, content):
    with gzip.open(path, "wt") as stream:
        json.dump(content, stream)
    return path


def found(reference, elements=None):
    settings = CampaignSettings(
        candidates=(Path("x.cif"),), reference=reference, element_energies=elements
    )
    return competitors_of(settings, FINGERPRINT)


def test_a_table_of_formation_energies_is_read_once(tmp_path, reads):
    rows = {name: {"formula": name, "e_form": energy} for name, energy in PHASES.items()}
    elements = tmp_path / "elements.json"
    per_atom = {"Na": {"energy_per_atom": [-1.3]}, "Cl": {"energy_per_atom": [-1.8]}}
    elements.write_text(json.dumps(per_atom))
    known = found(write(tmp_path / "phases.json.gz", rows), elements)
    assert len(known.table.phases) == 3
    assert reads == ["phases.json.gz"]


def test_computed_entries_are_read_once(tmp_path, reads):
    rows = [
        ENTRY
        | {
            "entry_id": name,
            "composition": {name: 1},
            "energy": -1.0,
            "correction": 0.0,
            "parameters": {"run_type": "GGA", "hubbards": {}, "potcar_symbols": [f"PBE {name}"]},
            "data": {"oxidation_states": {}},
        }
        for name in ("Cu", "Au")
    ]
    known = found(write(tmp_path / "entries.json.gz", rows))
    assert {each.phase_id for each in known.table.phases} == {"Cu", "Au"}
    assert reads == ["entries.json.gz"]
