"""Tails of the negative binomial distribution, beside sums of its terms in exact arithmetic; and what counts as a discovery."""

import math

import numpy as np
import pytest

from processors.anomalies.tails import above, below, discovered


def term(count: int, mean: float, shape: float) -> float:
    at = math.lgamma(count + shape) - math.lgamma(shape) - math.lgamma(count + 1)
    return math.exp(at + shape * math.log(shape / (shape + mean)) + count * math.log(mean / (shape + mean)))


CASES = [(10, 1.0, 0.5), (25, 2.5, 0.5), (100, 10.0, 2.0), (60, 40.0, 1e4), (3, 0.005, 0.0017), (400, 300.0, 50.0)]


@pytest.mark.parametrize(("count", "mean", "shape"), CASES)
def test_above_is_the_sum_of_the_terms(count, mean, shape):
    exact = -math.log10(sum(term(each, mean, shape) for each in range(count, 20_000)))
    assert above(*np.array([[count], [mean], [shape]], float))[0] == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(
    ("count", "mean", "shape"), [(0, 10.0, 2.0), (3, 20.0, 20.0), (60, 100.0, 1e4), (100, 300.0, 5.0)]
)
def test_below_is_the_sum_of_the_terms(count, mean, shape):
    exact = -math.log10(sum(term(each, mean, shape) for each in range(count + 1)))
    assert below(*np.array([[count], [mean], [shape]], float))[0] == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(
    ("surprises", "tested", "found"),
    [
        ([], 10, []),
        ([1.0, 2.0], 1000, [False, False]),
        ([6.0, 2.0], 1000, [True, False]),
        ([4.5, 4.6, 9.0], 1000, [False, False, True]),
        ([4.7, 4.8, 9.0], 1000, [True, True, True]),
    ],
)
def test_discoveries_bound_the_share_of_false_ones(surprises, tested, found):
    assert discovered(np.array(surprises), tested, 0.01).tolist() == found
