"""Questions that need columns are answered by a short-lived child with so much memory and time: this process has neither polars nor the time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson

from collector.console.refusal import Refused
from collector.explaining.child import MOST_SECS

log = logging.getLogger("logboom.console")

_WORDS = 2000


def answered(module: str, order: object, failed: str) -> Any:
    """What a child that is given the order writes, as JSON. Takes as long as it does.

    Args:
        failed: what is said where it does not, `this record could not be explained`.

    Raises:
        Refused: it did not end within its bounds, or went wrong.
    """
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-m", module],
            input=pickle.dumps(order), capture_output=True, timeout=MOST_SECS, check=True, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused(503, f"{failed} within {MOST_SECS} s", None, 30.0) from None
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or b""
        log.error("%s: %s: %s", failed, error, said.decode(errors="replace")[-_WORDS:])
        raise Refused(500, f"{failed}; the log of logboom says more") from None
    return orjson.loads(done.stdout)


def later(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *given: object) -> None:
    """On the loop's thread, from any other; nothing where the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *given)
