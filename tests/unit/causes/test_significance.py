"""What counts as another share, and by how much two distributions differ."""

import numpy as np
import pytest

from collector.causes.measures import kolmogorov_smirnov
from collector.causes.significance import GATE, chi2_survival, p_values, surely_apart


@pytest.mark.parametrize(
    ("statistic", "p"), [(0.0, 1.0), (3.841459, 0.05), (6.634897, 0.01), (10.827566, 0.001)], ids=str
)
def test_the_survival_function_is_that_of_chi_squared_with_one_degree_of_freedom(statistic, p):
    assert chi2_survival(np.array([statistic]))[0] == pytest.approx(p, rel=1e-5)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((98, 100, 23, 100), True),
        ((50, 100, 50, 100), False),
        ((10, 100, 60, 100), False),
        ((520, 1000, 500, 1000), False),  # 4 % more is nothing, however many there are
        ((1, 2, 6, 40), False),  # so few may be chance
        ((9, 10, 1, 400), True),
        ((5_000_000, 10_000_000, 4_990_000, 10_000_000), False),
        ((5, 10, 0, 0), False),  # nothing to compare with
        ((0, 0, 5, 10), False),
    ],
    ids=str,
)
def test_a_share_that_grew_surely_is_told_and_no_other(counts, told):
    assert (p_values(*([count] for count in counts))[0] < GATE) is np.bool_(told)


def test_more_evidence_never_says_less():
    p = p_values([8, 80, 800], [10, 100, 1000], [2, 20, 200], [10, 100, 1000])
    assert p[0] >= p[1] >= p[2]


def test_two_shares_of_few_observations_are_not_surely_apart():
    few, many = (surely_apart(*map(np.array, ([0.8], [n], [0.4], [n], [0.6]))) for n in (3.0, 300.0))
    assert few[0] == 0.0
    assert 0.3 < many[0] < 0.4


def test_kolmogorov_and_smirnov_agree_with_published_values():
    """Critical value 1.36 * sqrt((n + m) / (n m)) at 5 %."""
    one, other = np.arange(100.0), np.arange(100.0) + 19.3
    apart, p = kolmogorov_smirnov(one, other)
    assert apart == pytest.approx(0.2)
    assert 0.02 < p < 0.05
    assert kolmogorov_smirnov(one, one) == (0.0, 1.0)
