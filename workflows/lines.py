"""A process of another environment that is spoken to by JSON lines.

It says what it is in its first line, and answers every request with lines of its own. Comparisons
and benchmarks talk to potentials this way; nothing here needs more than Python and Facet's errors.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from facet.errors import FacetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS_TO_END = 10.0


class ProcessLostError(FacetError):
    """A process ended before its work was done; the message is the last line of its own."""


class ProcessRefusedError(ProcessLostError):
    """A process answered with an error, which is the message."""


class Replies:
    """The other end: standard output for replies alone; what libraries print goes to the log.

    Make it before anything is loaded that may print.
    """

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def say(self, reply: Mapping[str, Any]) -> None:
        """Write a line, and do not keep it back."""
        self._stream.write(json.dumps(reply) + "\n")
        self._stream.flush()


class LineProcess:
    """A process that reads and writes JSON lines; leaving the block ends it.

    Args:
        command: Interpreter, program and options.
        variables: Its environment.

    Attributes:
        first: What it said of itself.

    Raises:
        ProcessLostError: It ended, or said what hinders it, instead of beginning.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        # Without a name, so that it leaves nothing behind however this process ends.
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (see close)
        # The command is made of the interpreter of an environment and the user's own words.
        self._process = subprocess.Popen(  # noqa: S603
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=dict(variables),
        )
        try:
            self.first = self.reply()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Mapping[str, Any]) -> None:
        """Send a request; of a process that is gone, the missing reply will say why."""
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()

    def reply(self) -> dict[str, Any]:
        """Wait for the next line.

        Raises:
            ProcessRefusedError: It is an error.
            ProcessLostError: The process ended.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.wait()
            self._log.seek(0)
            said = self._log.read().strip().splitlines()
            raise ProcessLostError(said[-1] if said else "it ended without a word")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise ProcessRefusedError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process, at once if it is still at work."""
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
