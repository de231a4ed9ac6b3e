"""Reading everything once: counts, strata, samples."""

from __future__ import annotations

import numpy as np
import pytest
from workflow_samples import cesium_chloride, fcc, rocksalt

from facet.errors import ConfigError
from facet.testing.fakes import LennardJones
from workflows.inputs import InputCrystal
from workflows.plan.census import take_census
from workflows.plan.known import Known
from workflows.plan.request import SampleSize
from workflows.plan.strata import load_of


def crystals(*structures):
    return [
        InputCrystal(name=f"c{place}", structure=each, origin=f"file#{place}")
        for place, each in enumerate(structures)
    ]


def rejected(place):
    fault = f"file#{place}: atoms 1 and {place} are 0.{place} A apart; check the cell."
    return InputCrystal(name=f"r{place}", structure=None, origin=f"file#{place}", fault=fault)


def census_of(candidates, references=(), potential=None):
    known = Known(None, "", {}, "not asked: a test")
    return take_census(candidates, references, potential or LennardJones(), known, 200)


def test_every_input_is_counted_once():
    light = LennardJones(species=frozenset({29, 79}))
    told = census_of(
        [*crystals(fcc("Cu"), fcc("Au"), fcc("Cu"), fcc("Xe")), rejected(2), rejected(3)],
        crystals(fcc("Au")),
        light,
    )
    assert (told.num_read, told.num_candidates, told.num_rejected) == (7, 6, 2)
    assert (told.num_unique, told.num_duplicates, told.num_unsupported) == (3, 2, 1)
    assert told.num_to_relax == 2
    assert list(told.atoms) == [1, 1]


def test_reasons_that_differ_in_numbers_only_are_one():
    told = census_of([rejected(2), rejected(3)])
    assert told.rejects == {"atoms # and # are # A apart; check the cell.": 2}


def test_work_grows_with_atoms_and_density():
    one, two = load_of(fcc("Cu"), 5.0), load_of(fcc("Cu", edge=3.25), 5.0)
    assert two.edges == pytest.approx(8 * one.edges)
    supercell = fcc("Cu").make_supercell((2, 2, 2), in_place=False)
    assert load_of(supercell, 5.0).edges == pytest.approx(8 * one.edges)
    assert load_of(supercell, 5.0).stratum == one.stratum + 3


def scaled(scale):
    return cesium_chloride("Cu", "Au", edge=4.0 + scale)


def test_a_sample_holds_some_of_every_stratum_and_more_of_the_large():
    big = rocksalt("Na", "Cl").make_supercell((3, 3, 3), in_place=False)
    told = census_of(crystals(*(scaled(0.001 * each) for each in range(300)), big))
    sample = told.strata.sample(20)
    assert sum(map(len, sample.values())) == 20
    assert sample[load_of(big, LennardJones().cutoff).stratum][0].load.atoms == 54
    assert sorted(np.unique(told.strata_of_all())) == sorted(sample)


def test_the_same_input_has_the_same_sample():
    structures = [scaled(0.001 * each) for each in range(300)]
    names = [
        [each.crystal.name for some in census_of(crystals(*structures)).strata.sample(20).values()
         for each in some]
        for _ in range(2)
    ]  # fmt: skip
    assert names[0] == names[1]
    assert len(set(names[0])) == 20


def test_a_sample_is_never_larger_than_what_there_is():
    told = census_of(crystals(fcc("Cu"), fcc("Au")))
    assert sum(map(len, told.strata.sample(20).values())) == 2


def test_the_size_of_a_sample_keeps_its_limits():
    size = SampleSize(share=0.01, least=20, most=200)
    assert [size.of(number) for number in (5, 500, 5000, 10**6)] == [5, 20, 50, 200]
    with pytest.raises(ConfigError, match="limits in order"):
        SampleSize(least=20, most=10)
