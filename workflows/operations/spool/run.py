"""Relaxing the crystals of a spool, without a database."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from facet.graph.neighbors import Crystal
from facet.relaxation.relaxer import Relaxation
from facet.relaxation.settings import RelaxSettings
from workflows.operations.spool.files import (
    forget_suspended,
    read_crystals,
    read_header,
    read_results,
    read_suspended,
    write_results,
    write_suspended,
)
from workflows.potentials import resident_potential
from workflows.progress import tell
from workflows.relaxation_documents import relaxation_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from db.documents import StructureDoc
    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.suspended import Suspended

MOST_PER_FILE = 200
MOST_SECONDS_PER_FILE = 30.0
POLL_SECONDS = 0.1


@dataclass
class SpoolReport:
    """What one run did.

    Attributes:
        ends: Crystals that it relaxed, by stop reason.
        num_known: Crystals that had a result before.
        num_left: Crystals without a result because it had to stop.
    """

    ends: Counter[str] = field(default_factory=Counter)
    num_known: int = 0
    num_left: int = 0


def run_spool(
    folder: Path, potential_name: str | None, device: str | None, stop: Event
) -> SpoolReport:
    """Relax what has no result yet and write results into the spool as they come.

    Killed at any moment, it loses at most the results of the last half minute.

    Args:
        folder: The spool.
        potential_name: Where the potential is on this machine; None takes it by its name.
        device: Where it runs; None is the processor.
        stop: Set when the run shall write where its crystals are and return.

    Raises:
        SpoolError: The spool is damaged or cannot be written.
        CheckpointError: The potential cannot be loaded, or is not the one asked for.
    """
    header = read_header(folder)
    name = potential_name or header.potential_name
    potential = resident_potential(name, header.potential_fingerprint, device)
    run = _SpoolRun(folder, potential, RelaxSettings.from_dict(header.relax_settings))
    report = run.until_done(stop)
    report.num_left = header.num_crystals - report.num_known - report.ends.total()
    return report


class _SpoolRun:
    """The state of one run.

    Args:
        folder: The spool.
        potential: Relaxes the crystals.
        settings: Of the relaxation.
    """

    def __init__(self, folder: Path, potential: Potential, settings: RelaxSettings) -> None:
        self._folder = folder
        self._potential = potential
        self._settings = settings
        self._flying: dict[str, StructureDoc] = {}
        self._ready: list[tuple[StructureDoc, RelaxResult]] = []
        self._written_at = time.monotonic()
        self._report = SpoolReport()

    def until_done(self, stop: Event) -> SpoolReport:
        """Relax until nothing is left or it is time to stop."""
        known = {each.structure_id for results in read_results(self._folder) for each in results}
        self._report.num_known = len(known)
        relaxation = Relaxation(self._starts(known), self._potential, self._settings)
        try:
            with _interrupting(relaxation, stop):
                for result in relaxation:
                    self._take(result)
        finally:
            self._write()
        if stop.is_set():
            for crystal in relaxation.suspend():
                write_suspended(self._folder, crystal)
        return self._report

    def _starts(self, known: set[str]) -> Iterator[tuple[str, Crystal] | Suspended]:
        for stored in read_crystals(self._folder):
            key = stored.structure_id
            if key not in known:
                self._flying[key] = stored
                suspended = read_suspended(self._folder, key)
                yield suspended or (key, Crystal(*stored.geometry.unpack()))

    def _take(self, result: RelaxResult) -> None:
        stored = self._flying.pop(result.name)
        self._ready.append((stored, result))
        self._report.ends[result.stop_reason.value] += 1
        is_time = time.monotonic() - self._written_at > MOST_SECONDS_PER_FILE
        if is_time or len(self._ready) >= MOST_PER_FILE:
            self._write()
        tell(result.stop_reason.value)

    def _write(self) -> None:
        if self._ready:
            done = relaxation_documents(self._ready, self._potential, self._settings)
            write_results(self._folder, done)
            forget_suspended(self._folder, [each.structure_id for each in done])
        self._ready = []
        self._written_at = time.monotonic()


@contextmanager
def _interrupting(relaxation: Relaxation, stop: Event) -> Iterator[None]:
    """Interrupt a relaxation soon after an event, while the block runs."""
    is_over = Event()

    def watch() -> None:
        while not is_over.is_set():
            if stop.wait(POLL_SECONDS):
                relaxation.interrupt()
                return

    watcher = Thread(target=watch, name="stopping", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
