"""A potential in a process of its own environment, as its parent sees it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from facet.errors import FacetError
from workflows.comparison.wire import crystal_to_wire, result_from_wire
from workflows.environments import python_of
from workflows.lines import LineProcess, ProcessLostError, ProcessRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from facet.graph.neighbors import Crystal
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.comparison.peers import Peer


Heard = TypeVar("Heard")


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
        self._process = self._heard(lambda: LineProcess(command, _variables()))
        self.about: dict[str, Any] = self._process.first["about"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, at once if it is still at work."""
        self._process.close()

    def relax(
        self, crystals: Sequence[tuple[str, Crystal]], settings: RelaxSettings
    ) -> Iterator[RelaxResult]:
        """Yield the results of some crystals as they stop; ``cost`` is known after the last.

        Raises:
            SideLostError: The process ended before.
        """
        asked = [crystal_to_wire(name, crystal) for name, crystal in crystals]
        self._process.send({"settings": settings.to_dict(), "crystals": asked})
        while "done" not in (reply := self._heard(self._process.reply)):
            yield result_from_wire(reply["result"])
        self.cost = reply["done"]

    def _heard(self, listen: Callable[[], Heard]) -> Heard:
        """Listen to the process, and say of one that is lost whose it was."""
        try:
            return listen()
        except ProcessRefusedError as error:
            raise SideLostError(str(error)) from error
        except ProcessLostError as error:
            raise SideLostError(
                f"The process of {self.peer.label} ended ({error}); run `facet env check`, then "
                "the same command again."
            ) from error


def _variables() -> dict[str, str]:
    """The environment of this process, without what would lead another interpreter astray."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    secrets = [key for key in kept if key.startswith("FACET_MONGO")]  # it needs no database
    return {key: value for key, value in kept.items() if key not in secrets}
