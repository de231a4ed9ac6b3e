"""What a call does: arithmetic, memory traffic, operators."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


class Census(TorchDispatchMode):
    """Counts arithmetic, traffic and operators of all that runs; views cost nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.flop = self.bytes = self.operators = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401 (torch's signature)
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self.operators += 1
        if formula := flop_registry.get(func.overloadpacket):
            self.flop += formula(*args, **kwargs, out_val=result)
        if not func.is_view:
            self.bytes += sum(_size(x) for x in tree_leaves((args, kwargs, result)))
        return result


def _size(x: object) -> int:
    """Bytes of the elements that a tensor shows, expanded ones counted once."""
    if not isinstance(x, torch.Tensor):
        return 0
    sizes = [n for n, stride in zip(x.shape, x.stride(), strict=True) if stride]
    return math.prod(sizes) * x.element_size()
