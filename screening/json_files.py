"""Reading JSON files, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from typing import TYPE_CHECKING, Any

from screening.errors import ScreeningError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def read_json(source: Path) -> object:
    """Read a JSON file; its last ending says how it is compressed.

    Raises:
        ScreeningError: The file is missing, damaged, or not JSON.
    """
    opener = _OPENERS.get(source.suffix, open)
    try:
        with opener(source, "rt", encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError as error:
        raise ScreeningError(f"There is no file {source}: check the path.") from error
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise ScreeningError(
            f"{source} cannot be read as JSON ({error}): check that it is whole."
        ) from error
