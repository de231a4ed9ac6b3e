"""Space groups found by a process beside this one.

Finding one holds the interpreter's lock for a third of a millisecond, in which a GPU waits for its
next kernels; and a crystal with which it never ended would hold the lock, and with it the worker
and its heartbeat, for ever. Beside, it costs the loop that relaxes nothing, and such a crystal has
no space group.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from workflows.lines import LineProcess, ProcessLostError
from workflows.symmetry import space_group_number, space_group_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from facet.graph.neighbors import Crystal

CRYSTALS_PER_TURN = 500
"""Their answers fit into a pipe, so that neither side waits for the other to read."""

MOST_SECONDS = 20
"""For one crystal; a thousand times what a large one takes."""


def space_group_numbers(crystals: Sequence[Crystal]) -> list[int | None]:
    """Return what ``space_group_number`` says of each crystal; this process only waits.

    Where no other process can be started the answers are found here.
    """
    return _beside(os.getpid()).numbers(crystals)


@cache
def _beside(_process_id: int) -> _Beside:
    """The one of this process; what a forked process inherited belongs to its parent."""
    beside = _Beside()
    atexit.register(beside.close)
    return beside


class _Beside:
    """Asks a process that it starts when it is first needed, and again when it was lost."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: LineProcess | None = None

    def numbers(self, crystals: Sequence[Crystal]) -> list[int | None]:
        """Ask for every crystal; one with which the process is lost twice has no number."""
        found: list[int | None] = []
        lost_at = None
        with self._lock:
            while len(found) < len(crystals):
                if not self._is_running():
                    return found + [space_group_number(each) for each in crystals[len(found) :]]
                asked = crystals[len(found) : len(found) + CRYSTALS_PER_TURN]
                found += self._answers(asked)
                if self._process is not None:
                    continue
                is_second = lost_at == len(found)
                lost_at = len(found)
                if is_second:
                    found.append(None)
        return found

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _answers(self, crystals: Sequence[Crystal]) -> Iterator[int | None]:
        """Yield the answers that come before the process is lost."""
        process = self._process
        if process is None:
            return
        for each in crystals:
            process.send({name: getattr(each, name).tolist() for name in ASKED})
        try:
            for _ in crystals:
                yield process.reply()["number"]
        except ProcessLostError:
            self.close()

    def _is_running(self) -> bool:
        """Start the process if there is none; say whether there is one."""
        if self._process is None:
            # As this process finds its packages, whichever way it was told to.
            variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            try:
                self._process = LineProcess([sys.executable, "-m", __name__], variables)
            except (OSError, ProcessLostError):
                return False
        return True


ASKED = ("species", "positions", "cell")


def main() -> None:
    """Answer crystals as they come, until nobody asks any more."""
    for end in (signal.SIGINT, signal.SIGTERM):  # those who ask decide when it is over
        signal.signal(end, signal.SIG_IGN)
    _say({"begun": True})
    for line in sys.stdin:
        crystal: dict[str, Any] = json.loads(line)
        signal.alarm(MOST_SECONDS)  # without a handler it ends this process, wherever it is
        number = space_group_of(*(np.array(crystal[name]) for name in ASKED))
        signal.alarm(0)
        _say({"number": number})


def _say(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
