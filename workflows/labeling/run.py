"""A labeling run: shards in any order, by one or many processes, resumable at any moment."""

from __future__ import annotations

import fcntl
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from facet.errors import ConfigError, DataError
from workflows.labeling.calculators import load_labeler
from workflows.labeling.frames import Parent
from workflows.labeling.manifest import claim, finish, why_nothing
from workflows.labeling.parents import Rejected, num_parents, read_formulas, read_parents
from workflows.labeling.processes import in_processes
from workflows.labeling.settings import LabelSettings, sha256
from workflows.labeling.shards import finished_note
from workflows.labeling.worker import Task, Work, make_shard
from workflows.progress import is_followed
from workflows.progress import report as report_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from workflows.labeling.calculators import CalculatorSpec, NamedLabeler

    Note = dict[str, Any]

FORMAT = "labels-1"


@dataclass(frozen=True)
class LabelRequest:
    """What is labeled, by what, and where to.

    Attributes:
        paths: Files, folders or archives of crystals, or packed arrays.
        out: Folder of the shards.
        calculator: Labels the frames.
        settings: How frames are made.
        processes: Shards made at the same time.
        limit: Take at most this many crystals.
        exclude: Files whose reduced formulas no frame may have.
    """

    paths: Sequence[Path]
    out: Path
    calculator: CalculatorSpec
    settings: LabelSettings = field(default_factory=LabelSettings)
    processes: int = 1
    limit: int | None = None
    exclude: Sequence[Path] = ()


def label_crystals(request: LabelRequest, report: Callable[[Note], None]) -> dict[str, Any]:
    """Make and label frames of all crystals; what was finished before is not labeled again.

    Neither the number of processes nor an interruption changes a shard.

    Args:
        request: What to do.
        report: Called with the note of every shard; ``is_known`` in it says that the shard was
            finished before.

    Returns:
        The manifest, which is also written beside the shards.

    Raises:
        FacetError: A path, the labeler or the settings are at fault, the folder belongs to
            another run, no frame could be labeled, or a worker process died.
    """
    for path in (*request.paths, *request.exclude):
        if not path.exists():
            raise DataError(f"{path} does not exist; check the path and the working folder.")
    named = load_labeler(request.calculator)
    excluded = frozenset(read_formulas(request.exclude))
    work = Work(request.calculator, request.settings, excluded, request.out)
    identity = _identity(work, named)
    with _owned(request.out):
        claim(request.out, identity)
        rejected: list[Rejected] = []
        total = num_parents(request.paths, request.limit) if is_followed() else None
        tasks = _tasks(read_parents(request.paths, request.limit), identity, work, rejected)
        notes = []
        for note in _notes(tasks, work, named, request.processes):
            report(note)
            notes.append(note)
            _count(notes, total)
        manifest = finish(request.out, identity, notes, rejected)
    if not manifest["num_frames"]:
        raise DataError(f"No frame could be labeled: {why_nothing(manifest)}")
    return manifest


def _identity(work: Work, named: NamedLabeler) -> dict[str, Any]:
    """Everything beside the crystals that decides the labels, as plain values."""
    return {
        "format": FORMAT,
        "labeler": named.facts,
        "settings": work.settings.to_dict(),
        "excluded_formulas": sha256(sorted(work.excluded)).hex() if work.excluded else None,
    }


def _count(notes: Sequence[Note], total: int | None) -> None:
    """Report the crystals labeled by this run, of those that it found to be labeled."""
    known = sum(each["num_parents"] for each in notes if each["is_known"])
    new = sum(each["num_parents"] for each in notes if not each["is_known"])
    report_progress("crystals labeled", new, None if total is None else total - known)


def _notes(
    tasks: Iterator[Task], work: Work, named: NamedLabeler, processes: int
) -> Iterator[Note]:
    """Yield the note of every shard; those that were finished before come as they are met."""
    known: list[Note] = []
    missing = _missing(tasks, work.folder, known)
    alone = (make_shard(task, work, named) for task in missing)
    for note in alone if processes == 1 else in_processes(missing, work, processes):
        yield from _taken(known)
        yield {**note, "is_known": False}
    yield from _taken(known)


def _missing(tasks: Iterator[Task], folder: Path, known: list[Note]) -> Iterator[Task]:
    """Yield the shards that are not finished; the notes of the others are set aside."""
    for task in tasks:
        note = finished_note(folder, task.number, task.key)
        if note is None:
            yield task
        else:
            known.append({**note, "is_known": True})


def _taken(notes: list[Note]) -> list[Note]:
    taken = notes[:]
    notes.clear()
    return taken


def _tasks(
    parents: Iterable[Parent | Rejected],
    identity: dict[str, Any],
    work: Work,
    rejected: list[Rejected],
) -> Iterator[Task]:
    """Cut the stream of crystals into shards; the bad ones are set aside."""
    sound = _sound(parents, rejected)
    number = 0
    while chunk := tuple(islice(sound, work.settings.parents_per_shard)):
        yield Task(number, chunk, _key(identity, chunk))
        number += 1


def _sound(parents: Iterable[Parent | Rejected], rejected: list[Rejected]) -> Iterator[Parent]:
    for each in parents:
        if isinstance(each, Parent):
            yield each
        else:
            rejected.append(each)


def _key(identity: dict[str, Any], parents: Sequence[Parent]) -> str:
    digest = hashlib.sha256(sha256(identity))
    for name, crystal in parents:
        digest.update(name.encode())
        for array in (crystal.species, crystal.positions, crystal.cell):
            digest.update(array.tobytes())
    return digest.hexdigest()


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Hold a folder against a second run at the same time.

    Raises:
        ConfigError: It cannot be written, or another run is at work in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError as error:
        raise ConfigError(f"Another run is writing to {folder}; wait for it to end.") from error
