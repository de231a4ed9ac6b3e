"""What is different between two states of a reference, and what that does to a hull."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from screening.errors import MixedSchemes, ScreeningError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from screening.reference import Reference, ReferencePhase


@dataclass(frozen=True)
class PhaseChange:
    """Phases that a hull shall hold, or hold no more.

    A change names states, not steps: applied again, or after a part of it has been applied, it
    leads to the same hull, and changes to different phases may come in any order.

    Attributes:
        put: Phases that are new, or that replace those of the same id.
        removed: Ids of phases that are gone.
        element_energies: Zeros of formation energy in eV/atom that are new or have moved; ``put``
            holds every phase whose formation energy moves with them.
    """

    put: tuple[ReferencePhase, ...] = ()
    removed: tuple[str, ...] = ()
    element_energies: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = Counter((*(phase.phase_id for phase in self.put), *self.removed))
        doubled = sorted(phase_id for phase_id, count in counts.items() if count > 1)
        if doubled:
            raise ScreeningError(
                f"A change names {doubled[0]} more than once: say of each phase either what it is "
                f"or that it is gone."
            )
        energies = {each.phase_id: each.formation_energy_per_atom for each in self.put}
        for name, energy in {**self.element_energies, **energies}.items():
            if not math.isfinite(energy):
                raise ScreeningError(
                    f"A change gives {name} the energy {energy}: give a finite number or leave "
                    f"it out."
                )

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.put or self.removed or self.element_energies)


@dataclass(frozen=True)
class ReferenceChanges:
    """The differences between two references of one scheme, each in the order of ids.

    Attributes:
        added: Phases that only the new one holds.
        removed: Phases that only the old one holds.
        changed: Phases of one id that differ, as they were and as they are.
        element_energies: Zeros of formation energy in eV/atom that are new or have moved.
    """

    added: tuple[ReferencePhase, ...]
    removed: tuple[ReferencePhase, ...]
    changed: tuple[tuple[ReferencePhase, ReferencePhase], ...]
    element_energies: Mapping[str, float]

    @property
    def phase_change(self) -> PhaseChange:
        """The same as a change that hulls of the old reference can take up."""
        return PhaseChange(
            put=(*self.added, *(after for _, after in self.changed)),
            removed=tuple(phase.phase_id for phase in self.removed),
            element_energies=self.element_energies,
        )


def changes_between(old: Reference, new: Reference) -> ReferenceChanges:
    """Compare two references phase by phase.

    Raises:
        MixedSchemes: Their energy schemes differ.
    """
    if old.scheme != new.scheme:
        raise MixedSchemes(
            f"'{old.name}' is of scheme '{old.scheme}' and '{new.name}' of '{new.scheme}': an "
            f"update keeps the scheme; give the new energies a reference of their own."
        )
    before = {phase.phase_id: phase for phase in old.phases}
    after = {phase.phase_id: phase for phase in new.phases}
    both = sorted(before.keys() & after.keys())
    return ReferenceChanges(
        added=tuple(after[each] for each in sorted(after.keys() - before.keys())),
        removed=tuple(before[each] for each in sorted(before.keys() - after.keys())),
        changed=tuple((before[each], after[each]) for each in both if before[each] != after[each]),
        element_energies={
            symbol: energy
            for symbol, energy in sorted(new.element_energies.items())
            if old.element_energies.get(symbol) != energy
        },
    )


def updated(old: Reference, new: Reference) -> tuple[Reference, ReferenceChanges]:
    """Bring a reference to the content of a newer one and list what that changes.

    The name stays; phases, elements, date, license, source and omissions are those of the newer
    one, and zeros that only the old one knows are kept.

    Raises:
        MixedSchemes: Their energy schemes differ.
    """
    changes = changes_between(old, new)
    zeros = {**old.element_energies, **new.element_energies}
    return replace(new, name=old.name, element_energies=zeros), changes
