"""How many arenas the C library keeps. By its own rule each thread gets one, up to eight a core, and each keeps what was freed in it."""

from __future__ import annotations

import contextlib

ARENAS = 2
_M_ARENA_MAX = -8
"""Of glibc's malloc.h."""


def bound() -> None:
    """At most `ARENAS` of them, in a process that did not begin with `MALLOC_ARENA_MAX` because it was forked. Of glibc; others have none."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
