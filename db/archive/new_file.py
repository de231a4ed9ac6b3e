"""An archive that appears when it is whole."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from db.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEVEL = 4
"""Of zlib: half the time of the default, and a few percent more bytes."""


@contextmanager
def new_archive(path: Path) -> Iterator[ZipFile]:
    """Write beside a path, and rename when all went well.

    Raises:
        ArchiveError: The file cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with (
            part.open("wb") as file,
            ZipFile(file, "w", compression=ZIP_DEFLATED, compresslevel=LEVEL) as archive,
        ):
            yield archive
        part.replace(path)
    except OSError as error:
        raise ArchiveError(
            f"{path} cannot be written ({error.strerror}); choose a folder of yours with room."
        ) from error
    finally:
        part.unlink(missing_ok=True)
