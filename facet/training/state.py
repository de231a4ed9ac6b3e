"""The state of a training run: all that a resumed run needs to go on exactly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facet.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn


@dataclass
class TrainState:
    """Network, optimizers, running mean of the weights, and the step.

    Attributes:
        network: The network in training.
        optimizers: Its optimizers by name.
        average: Running mean of the network's state dict.
        step: Steps done.
        seconds: Wall time spent on them.
    """

    network: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    average: dict[str, Tensor]
    step: int = 0
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Write the state, replacing the old file only when the new one is complete."""
        tensors = {f"network/{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.items()}
        for name, optimizer in self.optimizers.items():
            for number, values in optimizer.state_dict()["state"].items():
                tensors |= {f"{name}/{number}/{k}": v for k, v in values.items()}
        metadata = {"step": json.dumps(self.step), "seconds": json.dumps(self.seconds)}
        partial = path.with_suffix(".partial")
        contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
        save_file(contiguous, partial, metadata=metadata)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Take over a saved state.

        Raises:
            CheckpointError: The file cannot be read or belongs to another network.
        """
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
            self.network.load_state_dict(_below(tensors, "network/"))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise CheckpointError(
                f"The training state {path} does not fit this run ({error}); remove it to start "
                "anew."
            ) from error
        self.average = _below(tensors, "average/")
        for name, optimizer in self.optimizers.items():
            _restore_moments(optimizer, _below(tensors, f"{name}/"))
        self.step = json.loads(metadata["step"])
        self.seconds = json.loads(metadata["seconds"])

    def set_learning_rate(self, rate: float) -> None:
        """Set the learning rate of all optimizers."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def advance(self, decay: float, *, is_sound: bool) -> None:
        """Take a step along the gradients and move the running mean toward the new weights.

        Early on the mean follows quickly, so that it forgets the random start.

        Args:
            decay: Of the running mean, per step.
            is_sound: Whether the gradients are finite; otherwise the weights stay.
        """
        for optimizer in self.optimizers.values():
            if is_sound:
                optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        rate = 1 - min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, rate)


def _restore_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split("/")
        moments.setdefault(int(number), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Entries whose name starts with a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
