"""The one place where any error becomes the end of one crystal instead of the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import torch

from facet.errors import InvalidStructure, UnsupportedElement
from facet.relaxation.result import Stop, StopReason

if TYPE_CHECKING:
    from collections.abc import Callable

    Outcome = TypeVar("Outcome")

OUT_OF_MEMORY = (
    "out of memory",
    "out_of_memory",
    "alloc_failed",
    "bad_alloc",
    "allocate memory",
    "failed to allocate",
)
"""What the messages of torch, CUDA, Warp and compiled kernels have in common, in lower case."""


class Mishap(NamedTuple):
    """An error that was caught.

    Attributes:
        stop: The end that it means for the crystal that caused it.
        is_out_of_memory: Whether a smaller batch might have escaped it.
    """

    stop: Stop
    is_out_of_memory: bool


def attempt(action: Callable[[], Outcome], what: str) -> Outcome | Mishap:
    """Do something that may fail in any way, and say how it failed.

    The error itself is not held on to: its traceback would keep the tensors alive whose memory the
    next attempt needs.

    Args:
        action: Called once.
        what: Its name at the start of a sentence.
    """
    try:
        return action()
    except (UnsupportedElement, InvalidStructure) as error:
        return Mishap(Stop(StopReason.UNSUPPORTED, str(error)), is_out_of_memory=False)
    except Exception as error:  # noqa: BLE001 (whatever one crystal causes, the others go on)
        return _mishap(error, what)


def is_out_of_memory(error: BaseException) -> bool:
    """Recognize a lack of memory by the type or the text of what was raised."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return any(sign in text for sign in OUT_OF_MEMORY)


def _mishap(error: Exception, what: str) -> Mishap:
    detail = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if is_out_of_memory(error):
        advice = "needs more memory than there is, even for this crystal alone"
        message = f"{what} {advice}; use a smaller cell or a larger device ({detail})."
        return Mishap(Stop(StopReason.FAILED, message), is_out_of_memory=True)
    message = f"{what} failed on this crystal alone ({detail})."
    return Mishap(Stop(StopReason.FAILED, message), is_out_of_memory=False)
