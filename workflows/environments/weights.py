"""Files of MACE weights: by path, by checksum, or by MACE's own names where the network allows.

A MACE file runs whatever code its author put there when it is loaded, so no file is used before its
SHA-256 is the expected one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

from db.settings import settings_from_environment
from facet.errors import CheckpointError
from facet.interop.mace_models import MACE_MP_0_SMALL, MODELS, MaceModel, mace_model
from workflows.environments.places import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVIRONMENT = "mace"
FILE_IN_ENVIRONMENT = "mace_mp_small.model"
LARGEST_BYTES = 512 * 2**20
BYTES_AT_ONCE = 2**20
SECONDS_WITHOUT_ANSWER = 60.0


class Weights(NamedTuple):
    """A file of weights and what it must be.

    Attributes:
        file: Its absolute path.
        sha256: The expected checksum.
    """

    file: Path
    sha256: str


def mace_weights(place: str) -> Weights:
    """Find the weights that a name means; a name of MACE's own goes before a file of that name.

    Args:
        place: What follows ``mace:``: a path, a path with ``#`` and its checksum, or one of MACE's
            own names, whose file is fetched the first time.

    Raises:
        CheckpointError: It is a name without a known checksum, or its file cannot be fetched.
    """
    model = mace_model(place)
    if model is not None:
        return Weights(stored(model) or fetched(model), model.sha256)
    path, _, checksum = place.partition("#")
    file = Path(path).expanduser().absolute()
    if not file.exists() and file.name == path and not file.suffix:
        raise CheckpointError(
            f"Facet knows no checksum for a MACE model {path!r}, only for {', '.join(MODELS)}; "
            f"download the file yourself and name it {ENVIRONMENT}:PATH#SHA256 if you trust it and "
            "its energies are PBE+U, as the Materials Project's."
        )
    return Weights(file, checksum or MACE_MP_0_SMALL)


def stored(model: MaceModel) -> Path | None:
    """File of a published model on this machine, if it is somewhere and whole."""
    for place in _places(model):
        if place.is_file() and sha256_of(place) == model.sha256:
            return place
    return None


def fetched(model: MaceModel, url: str | None = None) -> Path:
    """Download a published model into Facet's own folder; nothing but the right file gets there.

    Args:
        model: Which.
        url: Where it is; None where its authors keep it.

    Raises:
        CheckpointError: It cannot be downloaded or kept, or is another file than expected.
    """
    source, target = url or model.url, _own_place(model)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".partial")
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                found = _copy(source, file.write)
            if found != model.sha256:
                raise CheckpointError(
                    f"{source} has SHA-256 {found} where {model.sha256} was expected, and is not "
                    f"used; {_mend(model)}."
                )
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, HTTPException) as error:
        raise CheckpointError(
            f"The weights of {model.label} cannot be fetched from {source} ({_why(error)}); "
            f"{_mend(model)}."
        ) from error
    return target


def sha256_of(path: Path) -> str:
    """SHA-256 of a file of weights.

    Raises:
        CheckpointError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(
            f"The weights {path} cannot be read ({error.strerror}); `facet env make mace` fetches "
            "MACE-MP-0 small, or give the path of a file."
        ) from error


def _places(model: MaceModel) -> Iterator[Path]:
    """Where a published model may lie: our own folder, MACE's environment, MACE's own cache."""
    yield _own_place(model)
    if model.sha256 == MACE_MP_0_SMALL:
        yield place_of(ENVIRONMENT) / FILE_IN_ENVIRONMENT
    name = model.url.rpartition("/")[2]
    with suppress(RuntimeError):  # a user without a home
        kept = "".join(each for each in name if each.isalnum() or each == "_")
        yield Path.home() / ".cache" / "mace" / kept


def _own_place(model: MaceModel) -> Path:
    return settings_from_environment().home / "weights" / f"mace-{model.name}.model"


def _copy(url: str, write: Callable[[bytes], object]) -> str:
    """Read a file from the network, never more than a model has, and return its SHA-256."""
    digest, number = hashlib.sha256(), 0
    # The address is a constant of the package; whatever comes is checked before it is used.
    with urlopen(url, timeout=SECONDS_WITHOUT_ANSWER) as answer:  # noqa: S310
        while piece := answer.read(BYTES_AT_ONCE):
            number += len(piece)
            if number > LARGEST_BYTES:
                raise OSError("it is larger than any model")
            digest.update(piece)
            write(piece)
    return digest.hexdigest()


def _why(error: Exception) -> str:
    """What the network or the disk said, in its own words."""
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _mend(model: MaceModel) -> str:
    if model.sha256 == MACE_MP_0_SMALL:
        return (
            "download it where there is a network and give its path, as mace:PATH or to "
            "`facet env make mace --weights PATH`"
        )
    return f"download it where there is a network and name it mace:PATH#{model.sha256}"
