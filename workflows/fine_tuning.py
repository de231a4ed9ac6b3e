"""Teaching a potential a campaign's own chemistry from a few hundred DFT frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facet.training.labels import read_shards
from facet.training.settings import TrainSettings, started
from facet.training.sources import shard_paths
from facet.training.split import validation_mask

if TYPE_CHECKING:
    from pathlib import Path

FRACTIONS = (0.1, 0.2, 0.3, 0.5, 0.7)
"""Shares of formulas to hold out, the first of which leaves frames on both sides."""


@dataclass(frozen=True)
class FineTuning:
    """What a fine-tuning run is asked for.

    Attributes:
        start: Bundled name or checkpoint that it starts from.
        data: Files of new labeled frames, in any format.
        output: Folder of checkpoints and logs.
        replay: Pattern of shards that it learned from before; empty to risk forgetting.
        num_steps: Steps of the run.
        refit_energies: Fit the energy of each element to the new frames first.
    """

    start: str
    data: tuple[Path, ...]
    output: Path
    replay: str = ""
    num_steps: int = 1000
    refit_energies: bool = False

    def settings(self) -> TrainSettings:
        """Settings with a small learning rate that falls over half of the run, and no decay.

        Raises:
            CheckpointError: The checkpoint cannot be read.
            ConfigError: The request makes no sense.
        """
        steps = self.num_steps
        return TrainSettings(
            model=started({"start_from": self.start}),
            data=tuple(str(path) for path in self.data),
            output=str(self.output),
            num_steps=steps,
            warmup_steps=min(50, steps // 10),
            decay_steps=steps // 2,
            learning_rate=3e-4,
            weight_decay=0.0,
            ema=0.99,
            validation_fraction=FRACTIONS[0],
            evaluate_every=max(1, steps // 10),
            save_every=max(1, min(100, steps // 10)),
            start_from=self.start,
            replay=self.replay,
            refit_energies=self.refit_energies,
        )


def with_split(settings: TrainSettings) -> TrainSettings:
    """Hold out the smallest share that leaves new frames on both sides; none of a lone formula.

    Args:
        settings: Of a run whose data is converted.
    """
    frames = read_shards(shard_paths(settings))
    formulas, parents = frames.formulas(), [str(each) for each in frames.id]
    for fraction in FRACTIONS:
        held = validation_mask(formulas, parents, fraction)
        if held.any() and not held.all():
            return replace(settings, validation_fraction=fraction)
    return replace(settings, validation_fraction=0.0)
