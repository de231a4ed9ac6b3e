"""Files that a verb writes at its end, checked at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.inputs import InputError

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: Path, suffix: str) -> None:
    """Refuse, before hours are spent, a file that could not be written after them.

    Args:
        path: What will be written; its folder is made.
        suffix: What its name must end in.

    Raises:
        InputError: The name has another ending, or the place cannot be written.
    """
    if path.suffix != suffix:
        raise InputError(f"{path} must end in {suffix}: give the file another name.")
    was_there = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
        if not was_there:
            path.unlink()
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): choose a file in a folder of yours."
        ) from error
