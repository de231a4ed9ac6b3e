"""When and where crystals are relaxed, screened and reported: the only package that wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.handles.campaign import Campaign

__all__ = ["Campaign"]


def __getattr__(name: str) -> object:
    """Import the public name when it is first used: it brings pymatgen and pymongo along."""
    if name == "Campaign":
        from workflows.handles.campaign import Campaign

        return Campaign
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
