import pytest
from scipy.stats import binom

from screening.errors import ScreeningError
from screening.intervals import wilson


def test_the_interval_of_a_known_case():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (0, 1), (3, 7)])
def test_the_interval_holds_the_share_and_stays_a_share(successes, trials):
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert low < high


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("trials", [20, 100])
def test_the_interval_covers_as_often_as_it_says(share, trials):
    covered = sum(
        float(binom.pmf(count, trials, share))
        for count in range(trials + 1)
        if wilson(count, trials)[0] <= share <= wilson(count, trials)[1]
    )
    assert 0.92 < covered < 0.99


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(successes, trials):
    with pytest.raises(ScreeningError, match="is no share"):
        wilson(successes, trials)
