"""Promises of the frames that training is fed with."""

from __future__ import annotations

import numpy as np
import pytest

from facet.errors import ConfigError
from facet.graph.elements import SYMBOLS
from facet.graph.neighbors import Crystal
from facet.training.kinds import Kind
from workflows.labeling.elements import elements, group_of
from workflows.labeling.frames import DIMER_DISTANCE, Parent, fractions_of, make_draft, stored
from workflows.labeling.settings import DEFAULT_COUNTS, LabelSettings, frame_seed, parse_counts
from workflows.labeling.swap import stand_ins, swapped

CELL = np.array([[4.1, 0.0, 0.2], [0.3, 3.8, 0.0], [0.0, 0.4, 4.4]])
SALT = Crystal(np.array([11, 17]), np.array([[0.1, 0.2, 0.3], [2.0, 2.1, 2.2]]), CELL)


def volume(crystal):
    return abs(np.linalg.det(crystal.cell))


def draft(kind, seed=1):
    made = make_draft(Parent("salt", SALT), kind, seed)
    assert made is not None
    return made


@pytest.mark.parametrize("kind", list(Kind))
def test_parent_kind_and_seed_make_a_frame_again(kind):
    first, again, other = draft(kind), draft(kind), draft(kind, seed=2)
    assert np.array_equal(first.crystal.positions, again.crystal.positions)
    assert np.array_equal(first.crystal.cell, again.crystal.cell)
    is_same = np.array_equal(first.crystal.positions, other.crystal.positions)
    assert is_same == (kind is Kind.RELAXED)


def test_the_relaxed_frame_is_the_crystal_as_given():
    made = draft(Kind.RELAXED).crystal
    assert np.allclose(made.cell, SALT.cell, atol=1e-6)
    shift = np.linalg.solve(CELL.T, (made.positions - SALT.positions).T)
    assert np.allclose(shift, np.round(shift), atol=1e-6)


def test_labels_belong_to_what_a_shard_stores():
    made = draft(Kind.STRONG).crystal
    packed = fractions_of(made).astype(np.float64) @ made.cell.astype(np.float32).astype(float)
    assert np.allclose(packed, made.positions, atol=1e-12)
    assert np.array_equal(stored(made).positions, made.positions)


def test_compression_compresses():
    ratios = [volume(draft(Kind.COMPRESSED, seed).crystal) / volume(SALT) for seed in range(30)]
    assert 0.55 < min(ratios) < 0.75
    assert 0.85 < max(ratios) < 1.0


def test_strong_frames_are_further_from_rest_than_rattled_ones():
    def distance(kind):
        cells = [draft(kind, seed).crystal.cell for seed in range(20)]
        return np.mean([np.abs(cell - CELL).max() for cell in cells])

    assert distance(Kind.STRONG) > 2 * distance(Kind.RATTLED) > 0


def test_a_dimer_is_two_close_atoms_alone_and_is_no_child_of_the_crystal():
    made = draft(Kind.DIMER)
    radii = sum(elements()[int(each)].radius for each in made.crystal.species)
    factor = np.linalg.norm(np.subtract(*made.crystal.positions)) / radii
    assert DIMER_DISTANCE[0] <= factor <= DIMER_DISTANCE[1]
    assert made.parent == "dimer-" + "-".join(SYMBOLS[each] for each in made.crystal.species)
    assert np.diag(made.crystal.cell).min() > 12


def test_a_swap_takes_similar_elements_and_rescales_the_volume():
    for seed in range(20):
        made = swapped(SALT, np.random.default_rng(seed))
        before = [elements()[int(each)] for each in SALT.species]
        after = [elements()[int(each)] for each in made.species]
        for old, new in zip(before, after, strict=True):
            assert old == new or new.number in dict(stand_ins(old.number))
            assert abs(old.group - new.group) <= 1
        expected = sum(each.volume for each in after) / sum(each.volume for each in before)
        assert np.isclose(volume(made) / volume(SALT), expected)
        assert before != after


def test_a_swap_brings_in_only_what_the_labeler_knows():
    for seed in range(20):
        made = swapped(SALT, np.random.default_rng(seed), known={11, 17, 35})
        assert set(made.species.tolist()) <= {11, 17, 35}
    assert swapped(SALT, np.random.default_rng(0), known={11, 17}) is None


def test_a_swap_never_makes_one_element_of_two():
    halides = Crystal(np.array([17, 35, 53]), np.zeros((3, 3)), CELL)
    for seed in range(40):
        assert len(set(swapped(halides, np.random.default_rng(seed)).species.tolist())) == 3


@pytest.mark.parametrize("symbol", ["H", "He", "Xe", "Fr"])
def test_what_resembles_nothing_is_not_swapped(symbol):
    assert stand_ins(SYMBOLS.index(symbol)) == ()


@pytest.mark.parametrize(
    ("symbol", "group"),
    [("Li", 1), ("B", 13), ("Fe", 8), ("La", 3), ("Lu", 3), ("Hf", 4), ("Pb", 14), ("U", 3)],
)
def test_columns_of_the_periodic_table(symbol, group):
    assert group_of(SYMBOLS.index(symbol)) == group


def test_the_seed_of_a_frame_follows_from_run_parent_kind_and_number_alone():
    assert frame_seed(0, "a", Kind.RATTLED, 0) == frame_seed(0, "a", Kind.RATTLED, 0)
    others = {frame_seed(*each) for each in [(1, "a", Kind.RATTLED, 0), (0, "b", Kind.RATTLED, 0)]}
    others |= {frame_seed(0, "a", Kind.STRONG, 0), frame_seed(0, "a", Kind.RATTLED, 1)}
    assert len(others | {frame_seed(0, "a", Kind.RATTLED, 0)}) == 5


def test_numbers_of_frames_are_read_and_nonsense_is_refused():
    assert parse_counts("rattled=7, dimer=0")[Kind.RATTLED] == 7
    assert parse_counts("rattled=7, dimer=0")[Kind.DIMER] == 0
    assert parse_counts("") == DEFAULT_COUNTS
    for text in ("shaken=1", "rattled=-1", "rattled"):
        with pytest.raises(ConfigError, match="no number of frames"):
            parse_counts(text)
    with pytest.raises(ConfigError, match="No frame is asked for"):
        LabelSettings(counts=dict.fromkeys(Kind, 0))
