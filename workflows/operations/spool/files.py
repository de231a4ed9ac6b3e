"""The files of a spool: whole or not there, each with its checksum."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.documents import RelaxationDoc, StructureDoc
from facet.errors import FacetError, InvalidStructure
from facet.relaxation.suspended import Suspended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

HEADER = "spool.json"
CRYSTALS = "crystals.jsonl"
RESULTS = "results"
SUSPENDED = "suspended"
PARTIAL = ".partial"


class SpoolError(FacetError):
    """A spool that cannot be used; the message says what to do."""


class SpoolHeader(BaseModel):
    """What is asked of the crystals of a spool."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Literal["facet-spool-1"] = "facet-spool-1"
    campaign_id: str = Field(description="The campaign that asks.")
    part: str = Field(description="Which part of its crystals, as N/M.")
    potential_name: str = Field(description="Bundled name or path of the potential.")
    potential_fingerprint: str = Field(description="SHA-256 that its weights must have.")
    relax_settings: dict[str, Any] = Field(description="Relaxation settings, in units they name.")
    num_crystals: int = Field(ge=0, description="Crystals in the spool.")
    crystals_sha256: str = Field(description="Of the file that holds them.")


def write_crystals(folder: Path, crystals: Iterable[StructureDoc]) -> tuple[int, str]:
    """Write crystals; return how many they are and the SHA-256 of the file.

    Raises:
        SpoolError: The folder holds a spool already, or cannot be written.
    """
    if (folder / HEADER).exists():
        raise SpoolError(f"{folder} holds a spool already: give another folder, or bring it in.")
    num_crystals, digest = 0, hashlib.sha256()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / CRYSTALS).open("wb") as file:
            for each in crystals:
                line = each.model_dump_json().encode() + b"\n"
                digest.update(line)
                file.write(line)
                num_crystals += 1
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SpoolError(
            f"{folder} cannot be written ({error.strerror}): choose a folder of yours."
        ) from error
    return num_crystals, digest.hexdigest()


def write_header(folder: Path, header: SpoolHeader) -> None:
    """Write what is asked; with this file a spool is complete."""
    _replace(folder / HEADER, header.model_dump_json(indent=1).encode() + b"\n")


def read_header(folder: Path) -> SpoolHeader:
    """Read what is asked.

    Raises:
        SpoolError: The folder is no spool, or was not copied whole.
    """
    try:
        header = SpoolHeader.model_validate_json((folder / HEADER).read_bytes())
        with (folder / CRYSTALS).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValidationError) as error:
        raise SpoolError(
            f"{folder} is no spool that this Facet reads; make one with `facet spool out`."
        ) from error
    if digest != header.crystals_sha256:
        raise SpoolError(f"{folder / CRYSTALS} is damaged or was cut off; copy the spool again.")
    return header


def read_crystals(folder: Path) -> Iterator[StructureDoc]:
    """Yield the crystals of a spool whose header was read."""
    with (folder / CRYSTALS).open("rb") as file:
        for line in file:
            yield StructureDoc.model_validate_json(line)


def write_results(folder: Path, results: Sequence[RelaxationDoc]) -> Path:
    """Write results into a file of their own, whose name is its checksum.

    Raises:
        SpoolError: The folder cannot be written.
    """
    content = b"".join(each.model_dump_json().encode() + b"\n" for each in results)
    path = folder / RESULTS / f"{hashlib.sha256(content).hexdigest()}.jsonl"
    _replace(path, content)
    return path


def read_results(folder: Path) -> Iterator[list[RelaxationDoc]]:
    """Yield the results of a spool, file by file; what a kill left half written is passed over.

    Raises:
        SpoolError: A file is damaged.
    """
    for path in sorted((folder / RESULTS).glob("*.jsonl")):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem:
            raise SpoolError(f"{path} is damaged or was cut off; copy it again.")
        try:
            yield [RelaxationDoc.model_validate_json(line) for line in content.splitlines()]
        except ValidationError as error:
            raise SpoolError(
                f"{path} holds results that this Facet cannot read; bring them in with the version "
                "that wrote them."
            ) from error


def write_suspended(folder: Path, crystal: Suspended) -> None:
    """Keep where a crystal is, for the next run."""
    _replace(_place_of(folder, crystal.name), crystal.to_bytes())


def read_suspended(folder: Path, structure_id: str) -> Suspended | None:
    """Return where an earlier run left a crystal; None when it begins from its input."""
    try:
        crystal = Suspended.from_bytes(_place_of(folder, structure_id).read_bytes())
    except (OSError, InvalidStructure):
        return None
    return crystal if crystal.name == structure_id else None


def forget_suspended(folder: Path, structure_ids: Iterable[str]) -> None:
    """Delete where crystals were that have a result now."""
    for each in structure_ids:
        _place_of(folder, each).unlink(missing_ok=True)


def _place_of(folder: Path, structure_id: str) -> Path:
    return folder / SUSPENDED / f"{hashlib.sha256(structure_id.encode()).hexdigest()}.npz"


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there when it is whole and on the disk."""
    beside = path.with_suffix(PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise SpoolError(
            f"{path} cannot be written ({error.strerror}): make room, then run the same again."
        ) from error
