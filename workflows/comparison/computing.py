"""Computing what is missing: each potential in its own process, slice by slice in turns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from db.blocks import blocks
from db.documents import RelaxationDoc, StructureDoc
from db.queries import documents_by_id, known_ids
from db.tasks import close_known
from db.writes import write_relaxations
from facet.graph.neighbors import Crystal
from workflows.comparison.process import Side
from workflows.keys import relaxation_key
from workflows.potentials import PROCESSOR
from workflows.progress import report, tell
from workflows.relaxation_documents import relaxation_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.client import MongoDatabase
    from facet.relaxation.result import RelaxResult
    from facet.relaxation.settings import RelaxSettings
    from workflows.comparison.peers import Peer

CRYSTALS_PER_WRITE = 64
FEWEST_PER_SLICE = 40
MOST_SLICES = 8


@dataclass(frozen=True)
class Work:
    """Crystals that every potential shall relax.

    Attributes:
        purpose: What they are for: ``candidates``, ``phases`` or ``alignment``.
        structure_ids: Keys of the stored crystals.
        settings: How they are relaxed.
    """

    purpose: str
    structure_ids: tuple[str, ...]
    settings: RelaxSettings


@dataclass
class Computed:
    """What was computed just now.

    Attributes:
        num_new: Relaxations by fingerprint.
        runs: What each portion cost, as plain values.
    """

    num_new: dict[str, int] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Speaker:
    """What a document says of the potential behind a result."""

    fingerprint: str
    energy_scheme: str
    device: str


def missing(
    database: MongoDatabase, structure_ids: Iterable[str], fingerprint: str, settings: RelaxSettings
) -> list[str]:
    """Crystals that a potential never relaxed with these settings."""
    plain = settings.to_dict()
    keys = {relaxation_key(each, fingerprint, plain): each for each in structure_ids}
    known = known_ids(database, RelaxationDoc, keys)
    return sorted(structure for key, structure in keys.items() if key not in known)


def compute(
    database: MongoDatabase,
    peers: Sequence[Peer],
    works: Sequence[Work],
    device: str | None = None,
) -> Computed:
    """Relax what is missing and store every result under the fingerprint of its potential.

    All potentials take the same slices in turns, so that a disturbance of the machine meets all of
    them. Interrupted at any moment, it leaves stored what was written; the next run computes the
    rest.

    Raises:
        EnvironmentMissingError: A potential's environment is not there.
        SideLostError: A potential cannot be loaded, or its process ended.
    """
    computed = Computed(num_new=dict.fromkeys((each.fingerprint for each in peers), 0))
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        for work in works:
            wanted = {
                each.fingerprint: set(
                    missing(database, work.structure_ids, each.fingerprint, work.settings)
                )
                for each in peers
            }
            report(f"relaxations for {work.purpose}", 0, sum(map(len, wanted.values())))
            for each in peers:
                if wanted[each.fingerprint] and each.fingerprint not in sides:
                    sides[each.fingerprint] = stack.enter_context(Side(each, device))
            taking = [each for each in peers if wanted[each.fingerprint]]
            for turn, portion in enumerate(_slices(sorted(set().union(*wanted.values())))):
                first = turn % max(1, len(taking))
                for peer in [*taking[first:], *taking[:first]]:
                    mine = [key for key in portion if key in wanted[peer.fingerprint]]
                    if mine:
                        run = _relax(database, sides[peer.fingerprint], mine, work)
                        computed.runs.append(run)
                        computed.num_new[peer.fingerprint] += run["num"]
    return computed


def _slices(keys: list[str]) -> list[list[str]]:
    number = min(MOST_SLICES, max(1, len(keys) // FEWEST_PER_SLICE))
    return list(blocks(keys, max(1, ceil(len(keys) / number))))


def _relax(database: MongoDatabase, side: Side, keys: list[str], work: Work) -> dict[str, Any]:
    """Let one side relax a portion; store what comes, and say what it cost."""
    stored = {
        each.structure_id: each for each in documents_by_id(database, StructureDoc, sorted(keys))
    }
    crystals = [(key, Crystal(*stored[key].geometry.unpack())) for key in keys]
    num_atoms = atom_steps = 0
    results = side.relax(crystals, work.settings)
    for block in blocks(results, CRYSTALS_PER_WRITE):
        documents = [_document(stored[each.name], each, side, work) for each in block]
        write_relaxations(database, documents)
        close_known(database, {each.relaxation_id for each in documents})
        for each in block:
            num_atoms += len(each.species)
            atom_steps += len(each.species) * each.num_evaluations
            tell(each.stop_reason.value)
    return {
        "purpose": work.purpose,
        "fingerprint": side.peer.fingerprint,
        "num": len(keys),
        "num_atoms": num_atoms,
        "atom_evaluations": atom_steps,
        **side.cost,
        "device": side.about["device"],
        "threads": side.about["threads"],
        "kernels": side.about["kernels"],
    }


def _document(stored: StructureDoc, result: RelaxResult, side: Side, work: Work) -> RelaxationDoc:
    """Document of a result; what it ran on and with is said by the process that it comes from."""
    about = side.about
    speaker = _Speaker(about["fingerprint"], about["energy_scheme"], PROCESSOR)
    ends = [(stored, result)]
    (made,) = relaxation_documents(ends, speaker, work.settings)  # type: ignore[arg-type]
    ran_on = {name: about[name] for name in ("device", "device_name", "num_threads", "versions")}
    return made.model_copy(update=ran_on)
