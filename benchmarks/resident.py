"""Resident memory of this process, now and at its peak."""

from __future__ import annotations

import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

MEBIBYTE = 2**20


def resident_mib() -> float:
    """Memory that is resident now, in MiB; where the system cannot tell, the peak."""
    return _line("VmRSS:") or _peak_ever()


def peak_mib() -> float:
    """Largest resident memory in MiB since the last reset, or ever where it cannot be reset."""
    return _line("VmHWM:") or _peak_ever()


def reset_peak() -> None:
    """Forget the peak so far, where the system can."""
    gc.collect()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _line(key: str) -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    return 0.0


def _peak_ever() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEBIBYTE if sys.platform == "darwin" else 1024)
