"""Keys made of content: the same crystal, potential and settings always have the same key."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from facet.graph.held import held_by_sites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from screening.reference import Reference

BATCH_SETTINGS = ("max_batch_atoms", "max_batch_edges")
"""Settings that decide how fast a crystal is relaxed, not to what."""

COORDINATE_DECIMALS = 8
CAMPAIGN_ID_LENGTH = 12


def structure_key(structure: Structure) -> str:
    """SHA-256 of elements, cell, fractional positions inside the cell, and what of them is held.

    Numbers are rounded to 1e-8.
    """
    digest = hashlib.sha256(np.array(structure.atomic_numbers, dtype="<i4").tobytes())
    # Adding zero turns -0.0 into 0.0, and so does the modulus.
    cell = np.round(structure.lattice.matrix, COORDINATE_DECIMALS) + 0.0
    inside = np.round(structure.frac_coords, COORDINATE_DECIMALS) % 1.0
    for values in (cell, np.round(inside, COORDINATE_DECIMALS)):
        digest.update(values.astype("<f8").tobytes())
    is_held = held_by_sites(structure, "crystal")
    if is_held is not None:
        digest.update(is_held.tobytes())
    return digest.hexdigest()


def relaxation_key(structure_id: str, fingerprint: str, settings: Mapping[str, Any]) -> str:
    """SHA-256 of a crystal, a potential and all settings that can change the result."""
    return _digest([structure_id, fingerprint, deciding(settings)])


def deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the relaxation settings that can change a result."""
    return {key: value for key, value in settings.items() if key not in BATCH_SETTINGS}


def stability_key(relaxation_id: str, kind: str, settings: Mapping[str, Any]) -> str:
    """SHA-256 of a relaxed crystal, what is measured of it, and how."""
    return _digest([relaxation_id, kind, dict(settings)])


def campaign_key(
    candidates: str, reference: str, fingerprint: str, settings: Mapping[str, Any]
) -> str:
    """Short key of a campaign.

    Args:
        candidates: Digest of the candidates' files.
        reference: Digest of the files with competing phases, or key of a reference.
        fingerprint: Of the potential.
        settings: All else that was asked.
    """
    return _digest([candidates, reference, fingerprint, settings])[:CAMPAIGN_ID_LENGTH]


def comparison_key(
    campaign_id: str, material_ids: Sequence[str], fingerprints: Sequence[str]
) -> str:
    """Short key of a comparison: which candidates of a campaign, and which potentials."""
    return _digest([campaign_id, list(material_ids), list(fingerprints)])[:CAMPAIGN_ID_LENGTH]


def reference_key(reference: Reference) -> str:
    """SHA-256 of everything that a reference says."""
    # As dataclasses.asdict would, which takes seconds for the phases of the Materials Project.
    return _digest({**vars(reference), "phases": [each._asdict() for each in reference.phases]})


def files_digest(paths: Sequence[Path]) -> str:
    """SHA-256 of names and bytes of files, and of all files in folders.

    Names count because they tell formats and name crystals. A file that cannot be read has a
    digest too: its crystals are rejected, and another digest follows when it is mended.
    """
    digest = hashlib.sha256()
    for path in paths:
        for name, file in _files(path):
            digest.update(f"{name}\0".encode(errors="surrogateescape"))
            digest.update(_file_digest(file))
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield a file, or the files of a folder in order, with names that do not say where it lies."""
    if not path.is_dir():
        yield path.name, path
        return
    yield "/", path
    for file in sorted(path.rglob("*")):
        yield file.relative_to(path).as_posix(), file


def _file_digest(path: Path) -> bytes:
    if not path.is_file():  # a folder has no bytes, and a pipe would be waited for
        return b"no file"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b"unreadable"


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
