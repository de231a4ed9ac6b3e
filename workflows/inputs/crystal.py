"""What reading yields: a crystal, or one sentence saying why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facet.errors import FacetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.structure import Structure


class InputError(FacetError):
    """An input that was asked for by name and is not there at all."""


class UnreadableError(FacetError):
    """Part of an input that cannot be read; its message is the predicate of a sentence."""


@dataclass(frozen=True)
class ReadLimits:
    """Sizes beyond which an input is refused instead of filling the memory.

    Attributes:
        member_bytes: Unpacked size of one file inside an archive.
        document_bytes: Unpacked size of a file that must be read as a whole (CIF, POSCAR, JSON).
        line_bytes: Length of one line of a file that is read line by line.
        atoms: Atoms in one crystal.
    """

    member_bytes: int = 512 * 2**20
    document_bytes: int = 128 * 2**20
    line_bytes: int = 32 * 2**20
    atoms: int = 100_000


@dataclass(frozen=True)
class Record:
    """One crystal as its file gives it, before it has a name and before chemistry looks at it.

    Attributes:
        structure: The crystal, or None with a fault.
        fault: Predicate of a sentence whose subject is the crystal's origin.
        index: Place in the file, counted from one; None where a file holds one crystal.
        suggested_name: Identifier that the file itself gives to the crystal.
        info: Plain metadata.
        notes: What third-party readers warned of.
    """

    structure: Structure | None = None
    fault: str | None = None
    index: int | None = None
    suggested_name: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputCrystal:
    """One input crystal: its structure, or its fault, never both.

    Attributes:
        name: Unique among everything that one call reads.
        structure: The crystal with its site properties; None exactly when there is a fault.
        origin: The file as the user named it, and the place of the crystal inside it.
        info: Metadata that the file carried, as plain JSON values.
        fault: One sentence that names the file, what is wrong and the mend.
        notes: What third-party readers warned of; harmless, kept for the curious.
    """

    name: str
    structure: Structure | None
    origin: str
    info: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    notes: tuple[str, ...] = ()
