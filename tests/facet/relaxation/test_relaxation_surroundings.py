"""Lists found where the tensors live lead to the same minima."""

import pytest
from relax_samples import crystal, lennard_jones, with_nan

from facet.relaxation import surroundings
from facet.relaxation.relaxer import relax
from facet.relaxation.settings import RelaxSettings


def ends_of(crystals):
    settings = RelaxSettings(fmax=0.01, smax=0.05, max_steps=300)
    named = [(str(number), each) for number, each in enumerate(crystals)]
    return {each.name: each for each in relax(named, lennard_jones(), settings)}


def test_lists_found_on_the_device_relax_to_the_same_minima(monkeypatch):
    crystals = [crystal(1), crystal(2, repeats=2), with_nan(), crystal(3)]
    expected = ends_of(crystals)
    calls = []
    monkeypatch.setattr(surroundings, "is_elsewhere", lambda _device: True)
    renew = surroundings.renewed
    monkeypatch.setattr(surroundings, "renewed", lambda *a: calls.append(1) or renew(*a))
    found = ends_of(crystals)
    assert calls
    for name, end in expected.items():
        assert found[name].stop_reason is end.stop_reason
        assert found[name].num_steps == end.num_steps
        if end.energy is not None:
            assert found[name].energy == pytest.approx(end.energy, abs=1e-9, nan_ok=True)
