"""Arenas of the C library: as few in a forked child as in one that begins with `MALLOC_ARENA_MAX`."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from collector.service.arenas import ARENAS
from collector.service.forerunners import ENVIRONMENT

COUNTS = """
import ctypes, os, sys, threading
if "bound" in sys.argv:
    from collector.service.arenas import bound
    bound()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
all_here = threading.Barrier(8)
def allocate():
    all_here.wait()
    libc.malloc(40_000)
    all_here.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
reading, writing = os.pipe()
file = ctypes.c_void_p(libc.fdopen(writing, b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(os.read(reading, 1 << 16).count(b"<heap nr="))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
@pytest.mark.parametrize("how", ["by its own rule", "by the environment", "bound"])
def test_a_child_has_few_arenas(how: str) -> None:
    """Of eight threads that take memory at the same time."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= ENVIRONMENT if how == "by the environment" else {}
    done = subprocess.run(
        [sys.executable, "-P", "-c", COUNTS, how], env=environment, capture_output=True, text=True, check=True
    )
    assert (int(done.stdout) > ARENAS) == (how == "by its own rule")
