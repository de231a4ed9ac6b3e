"""What task documents say, in the forms in which they come; strange ones become sentences."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from dft_samples import RECORDED, give_result, pair
from emmet.core.tasks import TaskDoc
from pymatgen.core.structure import Structure
from recorded_dft import recorded, task_document

from db.follow_ups import follow_up_by_id
from facet.units import ev_per_cubic_angstrom_from_vasp_kilobar
from workflows.dft.approval import Calculation, approve
from workflows.dft.errors import FollowUpError
from workflows.dft.frames import frames_of, packed_frames
from workflows.dft.recording import record
from workflows.dft.task_documents import core_hours, read_task

SALT = recorded("nacl_task.json")


def test_a_document_says_the_same_as_an_object_and_as_plain_data():
    as_object, as_data = read_task(TaskDoc(**recorded("nacl_task.json"))), read_task(SALT)
    for each in (as_object, as_data):
        assert each.energy == pytest.approx(-6.7)
        assert each.run_type == "GGA"
        assert each.structure.composition.reduced_formula == "NaCl"
        assert each.potcar_titles == ("PAW_PBE Na_pv 19Sep2006", "PAW_PBE Cl 06Sep2000")
        assert each.completed_at.isoformat() == "2026-10-05T12:00:00+00:00"
    assert core_hours([SALT, SALT]) == pytest.approx(2 * 600 * 8 / 3600)


@pytest.mark.parametrize("name", ["PBE+U", "GGA_U", "GGA+U"])
def test_hubbard_runs_are_known_by_any_of_their_names(name):
    document = task_document(pair("Fe", "O"), run_type=name)
    document["calcs_reversed"][0]["input"]["hubbards"] = {"Fe": 5.3, "O": 0}
    task = read_task(document)
    assert (task.run_type, task.hubbards) == ("GGA+U", {"Fe": 5.3})


STRANGE = {
    "nothing": (None, "left no task document"),
    "a word": ("done", "left no task document"),
    "failed": (task_document(pair("Cu", "Au"), state="failed"), "ended as 'failed'"),
    "not a number": (task_document(pair("Cu", "Au"), formation=float("nan")), "energy nan"),
    "no crystal": ({"output": {"energy": -1.0}, "run_type": "GGA"}, "no crystal"),
    "no functional": ({"output": {"energy": -1.0}}, "functional"),
    "broken crystal": (
        {"output": {"energy": -1.0, "structure": {"lattice": 3}}, "run_type": "GGA"},
        "no crystal",
    ),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_document_is_a_sentence(kind):
    document, told = STRANGE[kind]
    with pytest.raises(FollowUpError, match=told):
        read_task(document)


@pytest.mark.integration
def test_a_strange_document_fails_no_job_and_gives_way_to_a_result(campaign, database):
    (asked,) = approve(database, campaign, ["pair-0"], Calculation(RECORDED), "ada")
    key = asked.follow_up_id
    other = task_document(pair("Pd", "Pt"))
    unforeseen = {"output": {"energy": -1.0, "structure": pair("Cu", "Au")}, "run_type": ["GGA"]}
    for document, told in ((None, "left no"), (other, "is of PdPt"), (unforeseen, "functional")):
        assert record(database, key, document) == "failed"
        assert told in follow_up_by_id(database, key).failure
    assert give_result(database, asked, formation=-0.1) == "finished"
    assert give_result(database, asked, formation=-0.5) == "finished"
    assert record(database, key, None) == "finished"
    found = follow_up_by_id(database, key)
    assert found.failure is None
    assert found.result.energy == pytest.approx(2 * (-3 - 0.1))


def test_frames_hold_uncorrected_energies_and_the_stress_in_our_sign():
    frames = frames_of([SALT], "parent", read_task(SALT))
    assert [each["energy"] for each in frames] == [-6.6, -6.7]
    expected = ev_per_cubic_angstrom_from_vasp_kilobar(16.0)
    assert frames[0]["stress"][0][0] == pytest.approx(expected)
    assert expected < 0
    assert {each["parent"] for each in frames} == {"parent"}


def test_steps_whose_electrons_did_not_converge_are_no_frames():
    document = recorded("nacl_task.json")
    steps = document["calcs_reversed"][0]["output"]["ionic_steps"]
    steps[0]["num_electronic_steps"] = document["calcs_reversed"][0]["input"]["parameters"]["NELM"]
    steps[1]["forces"] = [[np.nan] * 3] * 2
    assert frames_of([document], "parent", read_task(SALT)) == []


def test_many_frames_are_thinned_until_they_fit_and_the_last_one_stays(monkeypatch):
    monkeypatch.setattr("workflows.dft.frames.MOST_BYTES", 2000)
    rng = np.random.default_rng(0)
    records = [{"energy": at, "forces": rng.normal(size=(4, 3)).tolist()} for at in range(50)]
    packed, number = packed_frames(records)
    assert len(packed) <= 2000
    lines = [json.loads(each) for each in gzip.decompress(packed).decode().splitlines()]
    assert (len(lines), lines[-1]["energy"]) == (number, 49)
    assert packed_frames([]) == (None, 0)


def test_the_recorded_crystal_can_be_read_by_pymatgen():
    assert len(Structure.from_dict(SALT["output"]["structure"])) == 2
