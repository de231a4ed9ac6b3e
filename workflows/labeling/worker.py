"""What one process does with a shard: make its frames, label them, write those that are sound."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import parent_process
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facet.errors import FacetError
from facet.graph.neighbors import find_pairs
from facet.training.kinds import Kind
from facet.training.labels import reduced_formula
from workflows.labeling.calculators import load_labeler
from workflows.labeling.frames import make_drafts
from workflows.labeling.labelers import Label, Refusal
from workflows.labeling.relaxing import short_relaxations
from workflows.labeling.shards import Labeled, note_path, shard_path, write_json, write_shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from facet.graph.neighbors import Crystal
    from facet.training.labels import Formula
    from workflows.labeling.calculators import CalculatorSpec, NamedLabeler
    from workflows.labeling.frames import Draft, Parent
    from workflows.labeling.settings import LabelSettings

NO_SWAP = Refusal("no plausible swap", "No element of the crystal has a plausible stand-in.")


@dataclass(frozen=True)
class Task:
    """Parents whose frames share a shard.

    Attributes:
        number: Of the shard.
        parents: Crystals as given.
        key: Hash of everything that decides what is in the shard.
    """

    number: int
    parents: tuple[Parent, ...]
    key: str


@dataclass(frozen=True)
class Work:
    """What every process needs to know.

    Attributes:
        calculator: Labels the frames.
        settings: How frames are made.
        excluded: Reduced formulas that no frame may have.
        folder: Where shards go.
    """

    calculator: CalculatorSpec
    settings: LabelSettings
    excluded: frozenset[Formula]
    folder: Path


@dataclass
class Tally:
    """Frames that were left out: how many by reason, and one example of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, parent: str, refusal: Refusal) -> None:
        """Count a frame."""
        self.counts[refusal.reason] += 1
        self.examples.setdefault(refusal.reason, f"{parent}: {refusal.message}")


def make_shard(task: Task, work: Work, named: NamedLabeler) -> dict[str, Any]:
    """Make, label and write one shard, then its note; whatever fails in a frame is counted.

    Returns:
        The note: key, frames by kind, frames left out by reason, SHA-256 of the shard, seconds.
    """
    started = perf_counter()
    tally = Tally()
    frames = list(_labeled(task, work, named, tally))
    digest = None
    if frames:
        digest = write_shard(shard_path(work.folder, task.number), frames, named.title)
    kinds = Counter(each.draft.kind.label for each in frames)
    note = {
        "number": task.number,
        "key": task.key,
        "num_parents": len(task.parents),
        "num_frames": len(frames),
        "kinds": {kind.label: kinds[kind.label] for kind in Kind if kinds[kind.label]},
        "skipped": dict(tally.counts),
        "examples": tally.examples,
        "sha256": digest,
        "seconds": round(perf_counter() - started, 3),
    }
    write_json(note_path(work.folder, task.number), note)
    return note


def _labeled(task: Task, work: Work, named: NamedLabeler, tally: Tally) -> Iterator[Labeled]:
    drafts = [each for parent in task.parents for each in _drafts(parent, work, named, tally)]
    single = [each for each in drafts if each.kind is not Kind.STEP]
    starts = [each for each in drafts if each.kind is Kind.STEP]

    def label(crystals: Sequence[Crystal]) -> list[Label | Refusal]:
        return label_sound(crystals, work, named)

    answered = zip(single, label([each.crystal for each in single]), strict=True)
    for pairs in (answered, short_relaxations(starts, label, work.settings.relax_steps)):
        for draft, answer in pairs:
            if isinstance(answer, Refusal):
                tally.add(draft.parent, answer)
            else:
                yield Labeled(draft, answer)


def _drafts(parent: Parent, work: Work, named: NamedLabeler, tally: Tally) -> Iterator[Draft]:
    limit = work.settings.max_atoms
    if len(parent.crystal.species) > limit:
        message = f"It has {len(parent.crystal.species)} atoms."
        tally.add(parent.name, Refusal(f"more than {limit} atoms", message))
        return
    for _, draft in make_drafts(parent, work.settings, named.labeler.known):
        if draft is None:
            tally.add(parent.name, NO_SWAP)
        else:
            yield draft


def label_sound(
    crystals: Sequence[Crystal], work: Work, named: NamedLabeler
) -> list[Label | Refusal]:
    """Label crystals, refusing those that must not be labeled and labels that are of no use.

    Args:
        crystals: Frames without labels.
        work: Says which formulas are kept for testing, and what is too close or too strong.
        named: The labeler.

    Returns:
        A label or a refusal for each crystal, in order.
    """
    answers = [_fault(each, work) for each in crystals]
    asked = [index for index, answer in enumerate(answers) if answer is None]
    said = named.labeler.label([crystals[index] for index in asked]) if asked else []
    found = dict(zip(asked, said, strict=True))
    return [answer or _sound(found[index], work.settings) for index, answer in enumerate(answers)]


def _fault(crystal: Crystal, work: Work) -> Refusal | None:
    """Why a frame must not be labeled."""
    if work.excluded and reduced_formula(crystal.species) in work.excluded:
        return Refusal(
            "formula kept for testing", "Its reduced formula occurs in an excluded file."
        )
    limit = work.settings.min_distance
    try:
        is_close = len(find_pairs(crystal, limit).center) > 0
    except FacetError as error:
        return Refusal("geometry without meaning", str(error))
    return (
        Refusal("atoms too close", f"Two atoms are within {limit} angstrom.") if is_close else None
    )


def _sound(answer: Label | Refusal, settings: LabelSettings) -> Label | Refusal:
    """Refuse a label that is not finite or whose forces are beyond the limit."""
    if isinstance(answer, Refusal):
        return answer
    total = answer.energy + answer.forces.sum() + answer.stress.sum()
    if not np.isfinite(total):
        return Refusal("label not finite", "Energy, forces or stress are not finite numbers.")
    largest = float(np.linalg.norm(answer.forces, axis=1).max())
    if largest > settings.max_force:
        message = f"The largest force is {largest:.3g} eV/angstrom."
        return Refusal(f"force above {settings.max_force:g} eV/angstrom", message)
    return answer


_resident: dict[str, tuple[Work, NamedLabeler]] = {}


def start_process(work: Work) -> None:
    """Load the labeler of a worker process, and end the process should its parent vanish."""
    torch.set_num_threads(1)
    Thread(target=_end_with_parent, daemon=True).start()
    _resident["work"] = work, load_labeler(work.calculator)


def make_shard_here(task: Task) -> dict[str, Any]:
    """Make a shard in a worker process that was started for it."""
    work, named = _resident["work"]
    return make_shard(task, work, named)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # the parent was killed, and nobody will ever ask for more
