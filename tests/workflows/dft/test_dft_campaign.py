"""A whole campaign: relaxed, flagged, approved, calculated, learned from; through the queue."""

from __future__ import annotations

import json

import pytest
from dft_samples import METALS, RECORDED
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedEntry
from recorded_dft import formation_energy

from facet.relaxation.settings import RelaxSettings
from screening.intervals import wilson
from screening.rules import BudgetRule, FlagRule
from workflows.frames import read_frames
from workflows.operations.queue import stored_campaign
from workflows.operations.submission import submit_to_queue
from workflows.settings import CampaignSettings

pytestmark = [pytest.mark.integration, pytest.mark.slow]

NUMBER = 200
SHARE = 0.25
RULE = FlagRule(max_energy_above_hull=0.0, budget=BudgetRule(exploration_share=SHARE))


def candidates(folder):
    """Two hundred pairs of metals in wide cells, which the potential finds at rest."""
    pairs = [(a, b) for at, a in enumerate(METALS) for b in METALS[at + 1 :]][:NUMBER]
    rows = []
    for first, second in pairs:
        crystal = Structure(Lattice.cubic(4.2), [first, second], [[0, 0, 0], [0.5, 0.5, 0.5]])
        rows.append({"material_id": f"{first}{second}", "structure": crystal.as_dict()})
    path = folder / "candidates.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def reference(folder):
    """A table of elements, beside it the energies that formation energies count from."""
    path = folder / "known.json"
    path.write_text(json.dumps({f"t-{each}": {"formula": each, "e_form": 0.0} for each in METALS}))
    parameters = {"run_type": "GGA", "hubbards": {}}
    entries = [ComputedEntry(each, -3.0, parameters=parameters).as_dict() for each in METALS]
    (folder / "my-elemental-reference-entries.json").write_text(json.dumps(entries))
    return path


def test_two_hundred_candidates_go_from_input_to_a_reported_precision(
    facet, facet_environment, database, tmp_path, monkeypatch, run_fireworks
):
    monkeypatch.chdir(tmp_path)
    settings = CampaignSettings(
        candidates=(candidates(tmp_path),),
        reference=reference(tmp_path),
        relax=RelaxSettings(fmax=900.0, smax=1e6),
        rule=RULE,
    )
    key = submit_to_queue(database, settings, "facet")["campaign_id"]
    assert run_fireworks("facet") == 2
    campaign = stored_campaign(database, key)
    assert campaign.counts["candidates"] == NUMBER
    assert 20 < campaign.counts["flagged"] < NUMBER

    proposals = facet("approve", key, "--list", "--json").document["proposals"]
    assert len(proposals) == NUMBER
    budget = sum(row["core_hours"] for row in proposals[:9]) / (1 - SHARE)
    told = facet("approve", key, "--auto", "--budget", budget, "--maker", RECORDED, "--json")
    approved = told.document["approved"]
    assert told.document["core_hours"] <= budget
    assert {row["kind"] for row in approved} == {"flagged", "exploration"}
    again = facet("approve", key, "--auto", "--budget", budget, "--maker", RECORDED, "--json")
    assert again.document["approved"] == []

    assert len(facet("dft", "submit", key, "--json").document["new"]) == len(approved)
    assert facet("dft", "submit", key, "--json").document["new"] == []
    assert run_fireworks("vasp", "facet") == 3 * len(approved)

    status = facet("dft", "status", key, "--json").document
    assert status["counts"] == {"finished": len(approved)}
    learned = status["learned"]
    assert learned["num_new_phases"] == len(approved)
    (scores,) = learned["rules"].values()
    chosen = [row for row in status["follow_ups"] if row["kind"] == "flagged"]
    stable = [_is_stable(row) for row in chosen]
    assert [row["is_stable"] for row in chosen] == stable
    assert scores["precision"]["value"] == pytest.approx(sum(stable) / len(stable))
    assert (scores["precision"]["low"], scores["precision"]["high"]) == pytest.approx(
        wilson(sum(stable), len(stable))
    )
    assert scores["num_drawn"] == len(approved) - len(chosen)
    assert "precision" in facet("dft", "status", key).out

    told = facet("dft", "export-frames", key, "--out", tmp_path / "frames.json", "--json").document
    assert told["num_calculations"] == len(approved)
    assert len(list(read_frames([tmp_path / "frames.json"]))) == told["num_frames"]


def _is_stable(row):
    return formation_energy(Composition(row["formula_pretty"])) <= 1e-6
