"""Space groups from the process beside: the same answers, whatever becomes of it."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from workflow_samples import cesium_chloride, rocksalt

from facet.graph.convert import crystal_from_structure
from facet.graph.neighbors import Crystal
from workflows import symmetry_beside
from workflows.lines import LineProcess, ProcessLostError
from workflows.symmetry_beside import _Beside, space_group_numbers

KNOWN = [crystal_from_structure(make("Na", "Cl")) for make in (rocksalt, cesium_chloride)]
NOTHING = Crystal(np.zeros(0, int), np.zeros((0, 3)), np.eye(3))
EXPLODED = KNOWN[0]._replace(cell=np.full((3, 3), np.nan))

DYING = """
import json, os, sys
print(json.dumps({"begun": True}), flush=True)
for line in sys.stdin:
    if len(json.loads(line)["species"]) == 2:
        os.abort()
    print(json.dumps({"number": 1}), flush=True)
"""


@pytest.fixture
def beside():
    made = _Beside()
    yield made
    made.close()


def test_every_crystal_has_its_answer_in_order_and_nothing_stops_the_others():
    crystals = [KNOWN[0], NOTHING, EXPLODED, KNOWN[1]] * 200
    assert space_group_numbers(crystals) == [225, None, None, 221] * 200
    assert space_group_numbers([]) == []


def test_a_process_that_was_killed_is_started_again(beside):
    assert beside.numbers(KNOWN) == [225, 221]
    first = beside._process
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait()
    assert beside.numbers(KNOWN) == [225, 221]
    assert beside._process is not first


def test_a_crystal_with_which_it_dies_has_no_number_and_the_others_have(beside, monkeypatch):
    monkeypatch.setattr(
        symmetry_beside,
        "LineProcess",
        lambda _command, variables: LineProcess([sys.executable, "-c", DYING], variables),
    )
    three = cesium_chloride("Na", "Cl") * (2, 1, 1)
    larger = crystal_from_structure(three)
    assert beside.numbers([larger, KNOWN[1], larger, KNOWN[1]]) == [1, None, 1, None]


def test_where_no_process_can_be_started_the_answers_are_found_here(beside, monkeypatch):
    def refused(*_):
        raise ProcessLostError("no more processes")

    monkeypatch.setattr(symmetry_beside, "LineProcess", refused)
    assert beside.numbers([*KNOWN, NOTHING]) == [225, 221, None]


def test_one_that_never_ends_with_a_crystal_ends_itself():
    endless = (
        "import workflows.symmetry_beside as beside\n"
        "beside.MOST_SECONDS = 1\n"
        "def space_group_of(*_):\n"
        "    while True: pass\n"
        "beside.space_group_of = space_group_of\n"
        "beside.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", endless],
        input='{"species": [1], "positions": [[0, 0, 0]], "cell": [[3, 0, 0]]}',
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGALRM
