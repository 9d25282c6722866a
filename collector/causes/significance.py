"""Is a share really another one: the test that gates what is told as a cause.

It is only the gate. What is told first is what has the largest effect: a value of half of all records that grew a little is more
certain, and tells less, than a rare one that explains all errors.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

GATE = 0.02
"""The p-value above which nothing is told. Source: Kibana, `LOG_RATE_ANALYSIS_P_VALUE_THRESHOLD`."""
_MOST = 1000.0
"""A side counts as at most so many records: with a million, every difference would be significant."""
_ERFC = np.frompyfunc(math.erfc, 1, 1)


def chi2_survival(statistic: Floats) -> Floats:
    """P(X >= statistic) of chi-squared with one degree of freedom."""
    return np.asarray(_ERFC(np.sqrt(np.maximum(statistic, 0.0) / 2.0)), dtype=np.float64)


def p_values(seen: npt.ArrayLike, of: npt.ArrayLike, seen_before: npt.ArrayLike, of_before: npt.ArrayLike) -> Floats:
    """How likely a share as large as `seen / of` is where it was `seen_before / of_before`; 1 where it did not grow.

    As Elastic's `PValueScore`: a little is added to both sides, so that rare values need more, and less than 5 % more is nothing.
    """
    a, n = _capped(np.asarray(seen, np.float64), np.asarray(of, np.float64))
    b, m = _capped(np.asarray(seen_before, np.float64), np.asarray(of_before, np.float64))
    grew = (a * m > n * b) & (n > 0) & (m > 0)
    more, more_before = _little(n), _little(m)
    a, n, b, m = a + more, n + more, b + more_before, m + more_before
    b = np.minimum(1.05 * b, a / n * m)
    return np.where(grew, chi2_survival(g_statistic(a, n, b, m)), 1.0)


def g_statistic(a: Floats, n: Floats, b: Floats, m: Floats) -> Floats:
    """Twice the log-likelihood ratio of two binomials, `a` of `n` and `b` of `m`, against a common one."""
    apart = _log_likelihood(a, n, a / n) + _log_likelihood(b, m, b / m)
    both = (a + b) / (n + m)
    return np.asarray(2.0 * (apart - _log_likelihood(a, n, both) - _log_likelihood(b, m, both)), np.float64)


def surely_apart(share: Floats, n: Floats, share_before: Floats, m: Floats, pooled: Floats) -> Floats:
    """By how much two shares differ at least (one-sided 95 %), of `n` and `m` independent observations; 0 where it may be chance."""
    error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / np.maximum(n, 1e-9) + 1.0 / np.maximum(m, 1e-9)))
    return np.asarray(np.clip(np.abs(share - share_before) - 1.64 * error, 0.0, None), np.float64)


def _little(total: Floats) -> Floats:
    return np.asarray(np.maximum(np.floor(0.05 * total + 0.5), 1.0), np.float64)


def _log_likelihood(hits: Floats, of: Floats, share: Floats) -> Floats:
    safe = np.clip(share, 1e-12, 1.0 - 1e-12)
    return np.asarray(hits * np.log(safe) + (of - hits) * np.log1p(-safe), np.float64)


def _capped(hits: Floats, of: Floats) -> tuple[Floats, Floats]:
    scale = np.minimum(1.0, _MOST / np.maximum(of, 1.0))
    return hits * scale, of * scale
