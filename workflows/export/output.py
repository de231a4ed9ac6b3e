"""Where candidates go, in which format."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from workflows.export.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import CandidateDoc

Format = Literal["table", "json", "csv", "extxyz", "cif", "parquet"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv", "extxyz", "cif", "parquet")


@dataclass(frozen=True)
class Output:
    """A format and the file that takes it.

    Attributes:
        format: What is written.
        path: The file; None is standard output.
    """

    format: Format = "table"
    path: Path | None = None

    @classmethod
    def named(cls, name: str | None, path: Path | None) -> Output:
        """Return the output of a format by name; without a name the end of the file tells it.

        Raises:
            ExportError: There is no such format.
        """
        wanted = name or ("table" if path is None else path.suffix.removeprefix("."))
        for known in FORMATS:
            if known == wanted:
                return cls(known, path)
        raise ExportError(f"{wanted!r} is no format; give --format {', '.join(FORMATS)}.")

    def check(self) -> None:
        """Refuse, before anything is read, what cannot be written.

        Raises:
            ExportError: The format does not go there, or what it needs is not installed.
        """
        if self.format == "table" and self.path is not None:
            raise ExportError("A table goes to the terminal; give --format for a file.")
        if self.format == "parquet":
            if self.path is None:
                raise ExportError("Parquet is no text for a terminal; give --out FILE.")
            from workflows.export.parquet import require_pyarrow

            require_pyarrow()

    def write(self, database: MongoDatabase, candidates: Iterable[CandidateDoc]) -> None:
        """Write candidates one after the other; a file that is there is written over at the end.

        Raises:
            ExportError: The file cannot be written.
        """
        if self.format == "parquet" and self.path is not None:
            from workflows.export.parquet import write_parquet

            with _beside(self.path) as unfinished:
                write_parquet(candidates, unfinished)
            return
        with self._stream() as stream:
            self._write_text(database, candidates, stream)

    def _write_text(
        self, database: MongoDatabase, candidates: Iterable[CandidateDoc], stream: TextIO
    ) -> None:
        """Each format is imported when it is asked for, because some of them take a second."""
        if self.format in ("extxyz", "cif"):
            from workflows.export.crystals import write_crystals

            num_without = write_crystals(database, candidates, self.format, stream)
            if num_without:
                sys.stderr.write(f"{num_without} without a relaxed crystal were left out.\n")
            return
        from workflows.export.rows import write_csv, write_json

        (write_csv if self.format == "csv" else write_json)(candidates, stream)

    @contextmanager
    def _stream(self) -> Iterator[TextIO]:
        if self.path is None:
            yield sys.stdout
            return
        with (
            _beside(self.path) as unfinished,
            unfinished.open("w", encoding="utf-8", newline="") as stream,
        ):
            yield stream


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a file that takes the place of another once it is whole."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({error.strerror}): choose a file in a folder of yours."
        ) from error
    finally:
        with suppress(OSError):  # not there any more, or it never could be
            unfinished.unlink()
