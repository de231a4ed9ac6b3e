"""How large a batch may be: learned from the memory that batches took, and remembered.

Nothing is tried to the point of failure. The first batches are small; from the peak of each the
bytes per edge and per atom are learned, and the budget at most doubles as long as the estimate
stays within the device's memory. What was learned is kept in a file, by device and potential.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facet.relaxation.budget import FIRST_BUDGET, Budget

if TYPE_CHECKING:
    from facet.potential import Potential
    from facet.relaxation.gauges import Gauge

NOTHING = Budget(0, 0)

SHARE_OF_LIMIT = 0.8
MARGIN = 1.15
"""An estimate is multiplied by this before it is compared with the memory there is."""

GROWTH = 2
"""Of the largest batch that fitted, to the next; and of a failure, to what is tried after it."""


@dataclass(frozen=True)
class Usage:
    """What was learned of one potential on one device.

    Attributes:
        bytes_per_edge: The most that any batch took.
        edges_per_atom: Of the largest batch.
        largest: The largest batch that was evaluated.
        smallest_failure: Edges of the smallest batch that did not fit; zero if all did.
    """

    bytes_per_edge: float = 0.0
    edges_per_atom: float = 50.0
    largest: Budget = NOTHING
    smallest_failure: int = 0

    def after(self, atoms: int, edges: int, taken: int) -> Usage:
        """What is known after one more batch that fitted."""
        if edges < self.largest.edges // 2 or not atoms or not edges:
            return self  # small batches pay for what every batch needs once
        return Usage(
            max(taken / edges, self.bytes_per_edge * 0.98),
            edges / atoms,
            Budget(max(atoms, self.largest.atoms), max(edges, self.largest.edges)),
            self.smallest_failure,
        )

    def after_failure(self, edges: int) -> Usage:
        """What is known after a batch that did not fit."""
        smallest = min(self.smallest_failure or edges, edges)
        kept = min(self.largest.edges, smallest // GROWTH)
        atoms = int(kept / max(1.0, self.edges_per_atom))
        return Usage(self.bytes_per_edge, self.edges_per_atom, Budget(atoms, kept), smallest)

    def budget(self, limit: int) -> Budget:
        """The largest batch that is expected to fit, and at most twice the largest that did."""
        if not self.bytes_per_edge:
            return FIRST_BUDGET
        edges = SHARE_OF_LIMIT * limit / (MARGIN * self.bytes_per_edge)
        edges = min(edges, GROWTH * max(self.largest.edges, FIRST_BUDGET.edges))
        if self.smallest_failure:
            edges = min(edges, self.smallest_failure / GROWTH)
        edges = max(1, int(edges))
        return Budget(max(1, int(GROWTH * edges / self.edges_per_atom)), edges)


class MemoryBook:
    """Learns how much memory batches take, and remembers it between runs.

    Args:
        potential: Whose batches are watched.
        gauge: Measures the memory.
        path: File to remember in; by default ``memory.json`` in the user's cache folder.
    """

    def __init__(self, potential: Potential, gauge: Gauge, path: Path | None = None) -> None:
        self._gauge = gauge
        self._path = path or cache_folder() / "memory.json"
        self._key = f"{gauge.key} {potential.fingerprint[:16]} {potential.dtype}"
        self.usage = self._remembered()

    def start(self) -> None:
        """Begin to watch an evaluation."""
        self._gauge.start()

    def fitted(self, atoms: int, edges: int) -> None:
        """Learn from an evaluation that fitted."""
        self.usage = self.usage.after(atoms, edges, self._gauge.peak())

    def ran_out(self, edges: int) -> None:
        """Learn from one that did not; the budget is halved."""
        self.usage = self.usage.after_failure(edges)

    def budget(self) -> Budget:
        """The largest batch to hand to the potential now."""
        return self.usage.budget(self._gauge.limit())

    def remember(self) -> None:
        """Write what was learned; a folder that cannot be written is no reason to stop."""
        if not self.usage.bytes_per_edge:
            return
        book = _read(self._path)
        usage = self.usage
        book[self._key] = {
            "bytes_per_edge": usage.bytes_per_edge,
            "edges_per_atom": usage.edges_per_atom,
            "largest": [usage.largest.atoms, usage.largest.edges],
            "smallest_failure": usage.smallest_failure,
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(book, indent=1))
            beside.replace(self._path)
        except OSError:
            return

    def _remembered(self) -> Usage:
        entry = _read(self._path).get(self._key)
        if entry is None:
            return Usage()
        try:
            atoms, edges = entry["largest"]
            return Usage(
                float(entry["bytes_per_edge"]),
                float(entry["edges_per_atom"]),
                Budget(int(atoms), int(edges)),
                int(entry["smallest_failure"]),
            )
        except (KeyError, TypeError, ValueError):
            return Usage()  # written by another version, or by hand


def cache_folder() -> Path:
    """Where what can be learned again is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facet"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        book = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return book if isinstance(book, dict) else {}
