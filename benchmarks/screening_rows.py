"""Crystals relaxed for the screening benchmark, kept for the next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kept_rows import kept_rows, line_of

from facet.graph.neighbors import Crystal, build_batch
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings
from workflows.cli.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from facet.potential import Potential
    from facet.relaxation.result import RelaxResult

EVALUATE_ONLY = RelaxSettings(max_steps=0)


@dataclass(frozen=True, eq=False)
class RelaxedRow:
    """A crystal as a potential relaxed it.

    Attributes:
        name: What it is called in the benchmark.
        stop_reason: How the relaxation ended.
        num_steps: Steps that it took.
        crystal: Relaxed geometry.
        energy: Its energy in eV.
        unrelaxed_energy: Energy in eV of the geometry that was given.
        members: Energy in eV of the relaxed geometry by each member; empty without a committee.
    """

    name: str
    stop_reason: str
    num_steps: int
    crystal: Crystal
    energy: float
    unrelaxed_energy: float
    members: tuple[float, ...]

    @property
    def is_converged(self) -> bool:
        """Whether it is at rest."""
        return self.stop_reason == "converged"


def relaxed_rows(
    potential: Potential, crystals: Mapping[str, Crystal], cache: Path
) -> dict[str, RelaxedRow]:
    """Relax crystals through the normal path; those that are in the cache are read.

    Args:
        potential: The potential.
        crystals: Unrelaxed crystals by name.
        cache: Folder of relaxed crystals, one file for each potential and settings.
    """
    settings = RelaxSettings()
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"relaxed-{potential.fingerprint[:16]}.jsonl"
    done = {row.name: row for row in _kept(path, settings)}
    waiting = {name: crystal for name, crystal in crystals.items() if name not in done}
    if waiting:
        before = {each.name: each.energy for each in _results(potential, waiting, EVALUATE_ONLY)}
        with path.open("a") as file:
            results = _results(potential, waiting, settings)
            for result in counted(results, len(waiting), "relaxed"):
                row = _row(potential, result, before[result.name])
                done[row.name] = row
                file.write(line_of(row, settings))
                file.flush()
    return {name: done[name] for name in crystals if name in done}


def _results(
    potential: Potential, crystals: Mapping[str, Crystal], settings: RelaxSettings
) -> Iterator[RelaxResult]:
    return relax(list(crystals.items()), potential, settings)


def _row(potential: Potential, result: RelaxResult, unrelaxed_energy: float) -> RelaxedRow:
    return RelaxedRow(
        name=result.name,
        stop_reason=result.stop_reason.value,
        num_steps=result.num_steps,
        crystal=result.crystal,
        energy=result.energy,
        unrelaxed_energy=unrelaxed_energy,
        members=_members(potential, result.crystal),
    )


def _members(potential: Any, crystal: Crystal) -> tuple[float, ...]:  # noqa: ANN401 (any potential)
    """Energies by each member of a committee, if the potential has one."""
    if getattr(potential, "committee", None) is None:
        return ()
    batch = build_batch([crystal], potential.cutoff, potential.dtype)
    return tuple(potential.member_energies(batch)[0].tolist())


def _kept(path: Path, settings: RelaxSettings) -> Iterator[RelaxedRow]:
    for values in kept_rows(path, settings):
        yield RelaxedRow(**{**values, "members": tuple(values["members"])})
