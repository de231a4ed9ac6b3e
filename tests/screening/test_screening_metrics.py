import pytest

from screening.errors import ScreeningError
from screening.metrics import classification


def test_every_number_of_a_known_case():
    truth = [True] * 4 + [False] * 6
    flags = [True, True, True, False] + [True] + [False] * 5
    assert classification(truth, flags) == {
        "num": 10,
        "true_positives": 3,
        "false_positives": 1,
        "true_negatives": 5,
        "false_negatives": 1,
        "prevalence": 0.4,
        "precision": 0.75,
        "recall": 0.75,
        "f1": 0.75,
        "daf": pytest.approx(1.875),
    }


def test_a_ratio_without_a_denominator_is_none_and_not_zero():
    nothing = classification([False, False], [False, False])
    assert nothing["precision"] is nothing["recall"] is nothing["f1"] is nothing["daf"] is None
    assert nothing["prevalence"] == 0.0
    assert classification([], [])["prevalence"] is None


def test_a_miss_is_a_recall_of_zero():
    result = classification([True, False], [False, False])
    assert result["recall"] == 0.0
    assert result["precision"] is None


def test_lists_of_different_length_are_refused():
    with pytest.raises(ScreeningError, match="1 outcomes cannot be compared with 2 predictions"):
        classification([True], [True, False])
