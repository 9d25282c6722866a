"""How many examples a property is tried on: the long form on all, every other run on a quarter of them."""

from __future__ import annotations

import os

_ALL = bool(os.environ.get("LOGBOOM_EXAMPLES"))


def examples(most: int) -> int:
    """`most` in `make test-all`; else a quarter, ten at least."""
    return most if _ALL else max(10, most // 4)


def rounds(long: int, short: int) -> int:
    """`long` in `make test-all`, else `short`: of what starts processes or takes seconds each."""
    return long if _ALL else short
