"""Measuring the memory that a device has and that an evaluation takes."""

from __future__ import annotations

from typing import Protocol

import torch


class Gauge(Protocol):
    """Measures the memory of a device.

    Attributes:
        key: Name of the device that tells it from others.
    """

    key: str

    def limit(self) -> int:
        """Bytes that an evaluation may take."""
        ...

    def start(self) -> None:
        """Begin to watch for the peak."""
        ...

    def peak(self) -> int:
        """Most bytes taken since ``start``, beyond what was taken then."""
        ...


class CudaGauge:
    """Memory of an NVIDIA device, as torch's allocator sees it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0
        properties = torch.cuda.get_device_properties(device)
        self.key = f"{properties.name}, {properties.total_memory >> 20} MiB"

    def limit(self) -> int:
        """Free bytes, and those that torch holds without using them."""
        free, _ = torch.cuda.mem_get_info(self._device)
        reserved = torch.cuda.memory_reserved(self._device)
        return int(free + reserved - torch.cuda.memory_allocated(self._device))

    def start(self) -> None:
        """Begin to watch for the peak."""
        torch.cuda.reset_peak_memory_stats(self._device)
        self._before = torch.cuda.memory_allocated(self._device)

    def peak(self) -> int:
        """Most bytes taken since ``start``, beyond what was taken then."""
        return torch.cuda.max_memory_allocated(self._device) - self._before


def gauge_of(device: torch.device) -> Gauge | None:
    """How to measure the memory of a device, where that is known."""
    return CudaGauge(device) if device.type == "cuda" else None
