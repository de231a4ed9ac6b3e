"""What relaxations run on, by name."""

from __future__ import annotations

from functools import cache

import torch

from facet.training.card import processor


@cache
def device_name(device: str) -> str:
    """Return what a device calls itself, such as ``NVIDIA H200`` or the name of the processor."""
    place = torch.device(device)
    return torch.cuda.get_device_name(place) if place.type == "cuda" else processor()


def num_threads(device: str) -> int:
    """Return the processor cores that a relaxation on a device uses."""
    return 1 if torch.device(device).type == "cuda" else torch.get_num_threads()
