"""A potential in a process of its own environment, as its parent sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from facet.errors import FacetError
from workflows.comparison.wire import crystal_to_wire, result_from_wire
from workflows.environments import python_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from facet.graph.neighbors import Crystal
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.comparison.peers import Peer

SECONDS_TO_END = 10.0


class SideLostError(FacetError):
    """A process that could not load its potential, or that ended before its work was done."""


class Side:
    """A potential in a process of its own; leaving the block ends the process.

    Args:
        peer: Which potential, and in which environment.
        device: Where it runs; None where it would by itself.

    Attributes:
        about: What it said of itself: fingerprint, energy scheme, precision, versions.
        cost: What the last portion took: seconds, processor seconds and peak memory in MiB.

    Raises:
        EnvironmentMissingError: Its environment is not there.
        SideLostError: The potential cannot be loaded.
    """

    def __init__(self, peer: Peer, device: str | None = None) -> None:
        self.peer = peer
        self.cost: dict[str, float] = {}
        python = python_of(peer.environment) if peer.environment else Path(sys.executable)
        command = [str(python), "-m", "workflows.comparison.side", peer.name]
        command += ["--fingerprint", peer.fingerprint]
        command += ["--device", device] if device else []
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name, "stderr")
        with self._log.open("w") as log:
            # The command is made of the interpreter of an environment and the user's own words.
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=_variables(),
            )
        self.about: dict[str, Any] = {}
        try:
            self.about = self._reply()["about"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        self._folder.cleanup()

    def relax(
        self, crystals: Sequence[tuple[str, Crystal]], settings: RelaxSettings
    ) -> Iterator[RelaxResult]:
        """Yield the results of some crystals as they stop; ``cost`` is known after the last.

        Raises:
            SideLostError: The process ended before.
        """
        asked = [crystal_to_wire(name, crystal) for name, crystal in crystals]
        request = {"settings": settings.to_dict(), "crystals": asked}
        with suppress(BrokenPipeError):  # the missing reply will say why
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
        while "done" not in (reply := self._reply()):
            yield result_from_wire(reply["result"])
        self.cost = reply["done"]

    def _reply(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.wait()
            said = self._log.read_text(errors="replace").strip().splitlines()
            raise SideLostError(
                f"The process of {self.peer.label} ended ({said[-1] if said else 'without a word'})"
                "; run `facet env check`, then the same command again."
            )
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise SideLostError(reply["error"])
        return reply


def _variables() -> dict[str, str]:
    """The environment of this process, without what would lead another interpreter astray."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    secrets = [key for key in kept if key.startswith("FACET_MONGO")]  # it needs no database
    return {key: value for key, value in kept.items() if key not in secrets}
