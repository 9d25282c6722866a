"""How surprising a count is: tails of the negative binomial distribution, as -log10 of their probability, for many at once.

Written without scipy: a sum of terms from the count outwards, of which 60 are added and the rest is bounded by a geometric series.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_TERMS = 60
_LARGEST = 99.0


def log_gamma(x: Floats) -> Floats:
    """ln Γ of positive numbers, to some 1e-9: Stirling's series behind a shift by 8."""
    shifted = x + 8.0
    product = np.ones_like(x)
    for step in range(8):
        product = product * (x + step)
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    found = (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * np.log(2 * np.pi) + series - np.log(product)
    return np.asarray(found)


def above(count: Floats, mean: Floats, shape: Floats) -> Floats:
    """-log10 P(X >= count) where X has that mean, and variance mean + mean² / shape; 0 where count is not above the mean."""
    odds = mean / (shape + mean)
    total, term = np.ones_like(count), np.ones_like(count)
    ratio = odds
    for step in range(_TERMS):
        ratio = odds * (count + step + shape) / (count + step + 1)
        term = term * ratio
        total = total + term
    total = total + np.where(ratio < 1, term * ratio / np.maximum(1 - ratio, 1e-3), 0)
    return _surprise(count, mean, shape, total, count > mean)


def below(count: Floats, mean: Floats, shape: Floats) -> Floats:
    """-log10 P(X <= count), likewise; 0 where count is not below the mean."""
    odds = mean / (shape + mean)
    total, term = np.ones_like(count), np.ones_like(count)
    ratio = np.zeros_like(count)
    for step in range(_TERMS):
        left = np.maximum(count - step, 0)
        ratio = left / np.maximum((left - 1 + shape) * odds, 1e-12)
        term = np.where(left > 0, term * ratio, 0)
        total = total + term
    total = total + np.where((ratio < 1) & (term > 0), term * ratio / np.maximum(1 - ratio, 1e-3), 0)
    return _surprise(count, mean, shape, total, count < mean)


def _surprise(count: Floats, mean: Floats, shape: Floats, total: Floats, beyond: npt.NDArray[np.bool_]) -> Floats:
    safe = np.maximum(mean, 1e-12)
    at = (
        log_gamma(count + shape)
        - log_gamma(shape)
        - log_gamma(count + 1.0)
        + shape * np.log(shape / (shape + safe))
        + count * np.log(safe / (shape + safe))
    )
    found = -(at + np.log(total)) / np.log(10)
    return np.asarray(np.where(beyond, np.clip(found, 0, _LARGEST), 0.0))


def discovered(surprise: Floats, tested: int, rate: float) -> npt.NDArray[np.bool_]:
    """Benjamini and Hochberg: which of the surprises are discoveries, when of all discoveries a share of `rate` may be false.

    Args:
        surprise: -log10 p of those that may be; the others of `tested` are not surprising.
    """
    order = np.argsort(-surprise, kind="stable")
    limits = -np.log10(rate * np.arange(1, len(order) + 1) / max(tested, len(order), 1))
    passed = np.flatnonzero(surprise[order] >= limits)
    found = np.zeros(len(surprise), dtype=np.bool_)
    if len(passed):
        found[order[: passed[-1] + 1]] = True
    return found
