"""Which DFT is done: a Maker by its import path, and what that Maker is."""

from __future__ import annotations

import hashlib
import importlib
import json
from typing import TYPE_CHECKING, Any

from workflows.dft.errors import FollowUpError

if TYPE_CHECKING:
    from jobflow import Maker

MATERIALS_PROJECT = "atomate2.vasp.flows.mp:MPGGADoubleRelaxStaticMaker"
"""Two relaxations and a static calculation, whose energies MP2020 corrects."""


def dft_maker(path: str) -> Maker:
    """Return the Maker that an import path names, as it is without arguments.

    Args:
        path: ``module:Class`` or ``module:function``; what it names is called without arguments.

    Raises:
        FollowUpError: There is none, or what is there makes nothing.
    """
    module_name, _, name = path.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), name)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise FollowUpError(
            f"No Maker can be had from {path!r} ({error}): give module:Class of one that needs no "
            f"arguments, such as {MATERIALS_PROJECT}."
        ) from error
    if not callable(getattr(made, "make", None)) or not callable(getattr(made, "as_dict", None)):
        raise FollowUpError(
            f"{path!r} is no jobflow Maker: it needs make(structure) and as_dict()."
        )
    return made


def maker_digest(maker: Maker) -> str:
    """SHA-256 of everything that a Maker is, but for the versions of the packages behind it."""
    from monty.json import MontyEncoder

    text = json.dumps(maker.as_dict(), cls=MontyEncoder)
    plain = _without_versions(json.loads(text))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _without_versions(value: Any) -> Any:  # noqa: ANN401 (JSON of any depth)
    if isinstance(value, dict):
        return {key: _without_versions(each) for key, each in value.items() if key != "@version"}
    return [_without_versions(each) for each in value] if isinstance(value, list) else value
