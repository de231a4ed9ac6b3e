"""Settings refuse nonsense and survive a round trip."""

import json

import pytest

from facet.errors import ConfigError
from facet.relaxation.settings import RelaxSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"fmax": 0.0},
        {"fmax": float("nan")},
        {"fmax": "0.05"},
        {"smax": -0.1},
        {"max_steps": -1},
        {"max_steps": 10.5},
        {"max_steps": True},
        {"cell": "loose"},
        {"optimizer": 3},
        {"pressure": float("inf")},
        {"max_batch_atoms": -1},
        {"max_batch_edges": -5},
        {"symmetry": "maybe"},
        {"symprec": 0},
        {"rattle": -0.1},
        {"max_step": 0},
        {"min_volume_ratio": 1.5},
        {"max_volume_ratio": 0.9},
        {"max_force": None},
    ],
)
def test_nonsense_is_refused_in_a_sentence_that_names_it(wrong):
    with pytest.raises(ConfigError, match=rf"{next(iter(wrong))}.*\.$"):
        RelaxSettings(**wrong)


def test_settings_survive_json():
    settings = RelaxSettings(fmax=0.02, pressure=-3.5, cell="fixed", max_steps=7)
    assert RelaxSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_what_a_dictionary_leaves_out_keeps_its_default():
    assert RelaxSettings.from_dict({}) == RelaxSettings()


def test_a_misspelled_setting_is_refused_by_name():
    with pytest.raises(ConfigError, match="fmaximum is no relaxation setting"):
        RelaxSettings.from_dict({"fmaximum": 0.1})
