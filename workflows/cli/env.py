"""``facet env``: environments listed, checked and made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflows.cli.exits import MISTAKE
from workflows.cli.tables import print_json, print_table
from workflows.environments.checks import check, known_environments
from workflows.environments.making import make, told

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.environments.checks import EnvironmentState


def run_list(*, as_json: bool) -> int:
    """Print all known environments; return the exit code."""
    states = [check(each, loads=False) for each in known_environments()]
    if as_json:
        print_json([_plain(each) for each in states])
        return 0
    rows = [[each.name, str(each.place), _word(each)] for each in states]
    print_table("environments", ["name", "folder", "state"], rows)
    return 0


def run_check(name: str, *, as_json: bool) -> int:
    """Say what is wrong with an environment; the exit code is 1 where something is."""
    state = check(name)
    if as_json:
        print_json(_plain(state))
    else:
        works = f"The environment {name!r} works ({state.place})."
        sys.stdout.write("\n".join(state.faults or (works,)) + "\n")
    return MISTAKE if state.faults else 0


def run_make(name: str, *, weights: Path | None, cuda: bool, as_json: bool) -> int:
    """Build an environment and check it; return the exit code."""
    make(name, weights=weights, is_cuda=cuda, tell=told)
    return run_check(name, as_json=as_json)


def _plain(state: EnvironmentState) -> dict[str, object]:
    return {
        "name": state.name,
        "place": str(state.place),
        "is_there": state.is_there,
        "faults": list(state.faults),
        "versions": state.versions,
    }


def _word(state: EnvironmentState) -> str:
    if not state.is_there:
        return "absent"
    return "; ".join(state.faults) if state.faults else "there"
