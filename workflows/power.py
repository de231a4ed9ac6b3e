"""What the devices of relaxations draw from the mains, as an estimate."""

from __future__ import annotations

from typing import NamedTuple

WATTS_OF_GPUS = {
    "GB200": 1200.0,
    "B200": 1000.0,
    "H200": 700.0,
    "H100 PCIe": 350.0,
    "H100": 700.0,
    "A100": 400.0,
    "A30": 165.0,
    "A10": 150.0,
    "L40": 300.0,
    "L4": 72.0,
    "V100": 300.0,
    "P100": 250.0,
    "T4": 70.0,
    "RTX 5090": 575.0,
    "RTX 4090": 450.0,
    "RTX 3090": 350.0,
    "RTX 6000": 300.0,
    "RTX A6000": 300.0,
}
"""Board power by part of the name; the first part that fits counts."""

WATTS_OF_UNKNOWN_GPU = 400.0
WATTS_OF_A_CORE = 10.0
"""Of a busy server core with its part of cache, memory and fans."""


class Power(NamedTuple):
    """What a device draws, as an estimate.

    Attributes:
        watts: Of a GPU, or of all cores that one process uses.
        source: Where the number comes from, in a few words.
    """

    watts: float
    source: str


def power_of(device: str, name: str | None, threads: int | None, watts: float | None) -> Power:
    """Estimate the power of a device.

    Args:
        device: Such as ``cpu`` or ``cuda:0``.
        name: What it calls itself, if that is known.
        threads: Cores that the process uses, if that is known.
        watts: What the user says of one GPU, or of one core; None looks it up.
    """
    is_gpu = not device.startswith("cpu")
    number = 1 if is_gpu else threads or 1
    if watts is not None:
        return Power(watts * number, f"{watts:g} W as given")
    if not is_gpu:
        return Power(WATTS_OF_A_CORE * number, f"{WATTS_OF_A_CORE:g} W for a core, a usual value")
    for part, board in WATTS_OF_GPUS.items():
        if part in (name or ""):
            return Power(board, f"{board:g} W, the board power of {part}")
    return Power(WATTS_OF_UNKNOWN_GPU, f"{WATTS_OF_UNKNOWN_GPU:g} W, as nothing is known of it")
