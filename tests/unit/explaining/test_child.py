"""The child that explains a record ends within its bounds, whatever the record makes it do."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

BEGIN = "import resource, signal; from collector.explaining.child import bound_memory, bound_time; "


def ended(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", BEGIN + program], capture_output=True, text=True, check=False, timeout=120
    )


def test_there_is_room_for_its_work_and_no_more() -> None:
    assert ended("bound_memory(); held = bytearray(300 << 20)").returncode == 0
    swollen = ended("bound_memory(); held = bytearray(1200 << 20)")
    assert swollen.returncode == 1
    assert "MemoryError" in swollen.stderr


@pytest.mark.parametrize(
    ("meanwhile", "signals"),
    [
        (
            "resource.setrlimit(resource.RLIMIT_CPU, (0, 0)) or [None for _ in iter(int, 1)]",
            {signal.SIGXCPU, signal.SIGKILL},
        ),
        ("signal.setitimer(signal.ITIMER_REAL, 0.05) and None; signal.pause()", {signal.SIGALRM}),
    ],
    ids=["busy", "waiting"],
)
def test_what_never_ends_is_ended(meanwhile: str, signals: set[int]) -> None:
    """With the bounds brought nearer: it is the kernel that ends it, by the same signals."""
    assert -ended(f"bound_time(); {meanwhile}").returncode in signals


def test_the_time_is_bounded_by_the_clock_and_by_work() -> None:
    told = ended("bound_time(); print(resource.getrlimit(resource.RLIMIT_CPU)[0], signal.alarm(0))")
    cpu_secs, secs = map(int, told.stdout.split())
    assert 0 < cpu_secs <= secs <= 60
