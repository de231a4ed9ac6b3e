"""What relaxations run on, by name."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from uuid import uuid4

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


@cache
def device_id(device: str) -> str | None:
    """Return the UUID of a GPU, which its number is not: each process may count from 0 anew.

    Processes on a processor have cores of their own, so that there is none.
    """
    place = torch.device(device)
    if place.type != "cuda":
        return None
    uuid = getattr(torch.cuda.get_device_properties(place), "uuid", None)
    return None if uuid is None else str(uuid)


def process_name() -> str:
    """Return a random name of this process, which tells nothing of its machine."""
    return _name_of_process(os.getpid())


@cache
def _name_of_process(_pid: int) -> str:
    """Keep one name; a forked child asks with another id and gets its own."""
    return uuid4().hex[:16]


def where_it_runs(device: str) -> dict[str, Any]:
    """Return the fields of a document that say what made it, by which accounts add up."""
    return {
        "device": device,
        "device_name": device_name(device),
        "num_threads": num_threads(device),
        "device_id": device_id(device),
        "process": process_name(),
    }
