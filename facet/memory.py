"""How the process keeps memory between evaluations."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names and numbers of glibc's malloc.h
TRIM_BYTES = 512 * 2**20
MMAP_BYTES = 32 * 2**20  # the most that glibc takes


def keep_freed_memory() -> bool:
    """Let glibc keep freed memory instead of handing it back after every large tensor.

    An evaluation on the CPU frees and takes the same few megabytes again and again. By default
    each of them comes back from the kernel page by page, which costs about a fifth of the time.
    For programs that evaluate potentials all day; up to half a gigabyte more stays taken.

    Returns:
        Whether this is glibc and it agreed; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(M_TRIM_THRESHOLD, TRIM_BYTES) and mallopt(M_MMAP_THRESHOLD, MMAP_BYTES))
