"""Which optimizer moves which weights, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

    from facet.training.settings import TrainSettings


def build_optimizers(
    network: nn.Module, settings: TrainSettings
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices between features, AdamW for everything else.

    Muon's orthogonalized updates (Jordan et al. 2024) need fewer steps than AdamW's on matrices
    that mix channels; its rate is scaled to AdamW's root mean square, so that both share one.

    Args:
        network: The network to train.
        settings: Of the run.
    """
    mixing: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, value in network.named_parameters():
        is_table = name == "embedding" or name.endswith((".table", ".combination"))
        is_mixing = value.ndim == 2 and not is_table and ".radial." not in name  # noqa: PLR2004 (a matrix)
        (mixing if is_mixing else others).append(value)
    return {
        "muon": torch.optim.Muon(
            mixing,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
        "adamw": torch.optim.AdamW(others, lr=settings.learning_rate, weight_decay=0.0),
    }


def schedule(step: int, settings: TrainSettings) -> float:
    """Factor of the learning rate: a linear rise, a plateau, a linear fall to zero.

    The plateau has no planned end, so a run can be prolonged before its fall begins.
    """
    rise = (step + 1) / max(1, settings.warmup_steps)
    fall = (settings.num_steps - step) / max(1, settings.decay_steps)
    return min(1.0, rise, fall)
