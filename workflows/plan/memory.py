"""Peak memory of this process and of a device, in MiB."""

from __future__ import annotations

import resource
import sys

import torch

MEBIBYTE = 2**20
UNIT_OF_PEAK = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system tells the peak of a process."""


def process_peak_mib() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT_OF_PEAK / MEBIBYTE


def watch_device(device: torch.device) -> None:
    """Begin to watch for the peak of a device."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def device_peak_mib(device: torch.device) -> float | None:
    """Most memory that torch held on a device since it is watched; None on a processor."""
    if device.type != "cuda":
        return None
    return torch.cuda.max_memory_reserved(device) / MEBIBYTE
