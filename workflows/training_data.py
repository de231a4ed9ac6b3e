"""What a training run needs before its first step: shards of other formats, excluded formulas."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facet.errors import DataError
from facet.training.exclusion import excluded_path, write_excluded
from facet.training.labels import read_shards, reduced_formula
from facet.training.packing import write_shards
from facet.training.sources import cache_folder, data_files
from workflows.frames import read_frames
from workflows.inputs import read_crystals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from facet.training.labels import Formula
    from facet.training.settings import TrainSettings


def prepare(settings: TrainSettings, say: Callable[[str], None]) -> None:
    """Convert what is no shard, and list the formulas that must not be trained on.

    A file is converted once for every content, into the folder of the run.

    Args:
        settings: Of the run.
        say: Called with a sentence before work that may take long.

    Raises:
        DataError: A file cannot be read, or holds nothing.
    """
    output = Path(settings.output)
    for path in data_files(settings.data):
        folder = cache_folder(path, output)
        if path.suffix != ".npz" and not folder.is_dir():
            say(f"Converting {path.name} to shards.")
            _convert(path, folder)
    if settings.excluded:
        files = data_files(settings.excluded)
        say(f"Listing the formulas of {len(files)} file(s) that must not be trained on.")
        write_excluded(excluded_path(output), _formulas(files))


def _convert(path: Path, folder: Path) -> None:
    """Write the shards of a file; the folder appears when it is complete."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    if not write_shards(read_frames([path]), partial):
        raise DataError(f"{path} holds no labeled frame; take it out of `data`.")
    partial.replace(folder)


def _formulas(files: Sequence[Path]) -> dict[Formula, str]:
    """Formulas of all files, each with the name of the first file that holds it."""
    sources: dict[Formula, str] = {}
    for path in files:
        found = {reduced_formula(numbers) for numbers in _species(path)}
        if not found:
            raise DataError(f"{path} holds no structure; take it out of `excluded`.")
        for formula in found:
            sources.setdefault(formula, path.name)
    return sources


def _species(path: Path) -> Iterator[np.ndarray]:
    """Atomic numbers of every structure of a file, labeled or not."""
    if path.suffix == ".npz":
        shard = read_shards([path])
        yield from (each.crystal.species for each in shard.frames(range(len(shard))))
    elif path.suffix == ".db":
        yield from (each.crystal.species for each in read_frames([path]))
    else:
        for crystal in read_crystals([path]):
            if crystal.structure is None:
                raise DataError(f"{crystal.fault} Its formula cannot be kept out of training.")
            yield np.array([site.specie.Z for site in crystal.structure])
