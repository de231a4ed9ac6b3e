"""Every configuration of the network learns."""

from dataclasses import replace

import pytest
from training_samples import SPECIES, write_config

from facet.config import FACET_S, NEQUIP, PAPER, PAPER_O3, SEVENNET_0
from facet.parts import BesselBasis, SplineBasis, SwitchEnvelope
from facet.training.loop import Trainer
from facet.training.settings import read_settings

SMALL = {"species": SPECIES, "cutoff": 4.0, "num_layers": 2}
SHAPES = {
    "facet-s": replace(FACET_S, **SMALL, channels=(8, 4, 2)),
    "splines": replace(FACET_S, **SMALL, channels=(8, 4), basis=SplineBasis()),
    "paper": replace(PAPER, **SMALL, channels=(8, 4, 2)),
    "paper-o3": replace(PAPER_O3, **SMALL, channels=(8, 4, 2)),
    "nequip": replace(NEQUIP, **SMALL, channels=(8, 4)),
    "sevennet-0": replace(
        SEVENNET_0, **SMALL, channels=(8, 4), basis=BesselBasis(envelope=SwitchEnvelope(3.5))
    ),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_training_halves_the_error_of_every_shape(tmp_path, name):
    settings = read_settings(write_config(tmp_path, "run", num_steps=80))
    trainer = Trainer(replace(settings, model=SHAPES[name], evaluate_every=1000))
    before = trainer.evaluate(trainer.training)
    trainer.run(lambda _values: None)
    after = trainer.evaluate(trainer.training)
    assert after.energy_mae < before.energy_mae / 2
    assert after.force_mae < before.force_mae / 2
