import base64
import json

import pytest
from db_samples import candidate
from hypothesis import given
from hypothesis import strategies as st

from db.errors import DbError
from db.filters import CandidateSort
from db.paging import Place, place_in, token_after

BY_HULL = CandidateSort()
BY_NAME = CandidateSort(field="material_id")


def packed(parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@given(st.none() | st.floats(allow_nan=False, allow_infinity=False), st.text(min_size=1))
def test_a_place_comes_back_to_the_last_digit(value, name):
    last = candidate(name, energy_above_hull=value)
    place = place_in(token_after(last, BY_HULL), BY_HULL)
    assert place == Place(last.energy_above_hull, last.candidate_id)


def test_a_place_by_name_is_text():
    assert place_in(token_after(candidate("m7"), BY_NAME), BY_NAME) == Place("m7", "c1/m7")


@given(st.text())
def test_text_that_is_no_place_is_refused(text):
    with pytest.raises(DbError, match="start again at the first page"):
        place_in(text, BY_HULL)


@pytest.mark.parametrize(
    "odd",
    [
        packed(["energy_above_hull", False, {"$gt": 0}, "c1/m1"]),
        packed(["energy_above_hull", False, True, "c1/m1"]),
        packed(["energy_above_hull", False, "0", "c1/m1"]),
        packed(["energy_above_hull", False, 0.1, {"$ne": None}]),
        packed(["energy_above_hull", False, 0.1]),
        packed(["material_id", False, 3, "c1/m1"]),
        "[" * 20_000,
    ],
)
def test_a_forged_place_is_refused(odd):
    with pytest.raises(DbError):
        place_in(odd, BY_HULL)


def test_a_place_of_another_order_is_refused():
    token = token_after(candidate("m7", energy_above_hull=0.1), BY_HULL)
    for other in (BY_NAME, CandidateSort(is_descending=True)):
        with pytest.raises(DbError, match="another order"):
            place_in(token, other)
