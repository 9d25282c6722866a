"""Rates that processes share: exact over two of them, whatever kills one, and new after a reboot."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from collector.domains import rate_table
from collector.domains.rate_table import FILE, Cost, RateTable, name_of

SECOND = 1_000_000_000
NAME = name_of("domain", "tamyla.com")


@pytest.fixture
def clock(monkeypatch):
    """Monotonic nanoseconds that stand still."""
    now = [1000 * SECOND]
    monkeypatch.setattr(rate_table.time, "monotonic_ns", lambda: now[0])
    return now


def cost(amount: int, rate: float = 10, burst: float = 1, unit: int = 2) -> Cost:
    return Cost(unit, int(amount * SECOND / rate), int(burst * SECOND))


def test_a_burst_and_then_the_rate(tmp_path, clock):
    """10 a second with a burst of a second: 11 at once (the last one borrows), then one each 100 ms."""
    table = RateTable(tmp_path / FILE)
    taken = [table.take(NAME, [cost(1)]) for _ in range(12)]
    assert [each is None for each in taken] == [True] * 11 + [False]
    assert taken[-1] is not None
    assert (taken[-1].unit, taken[-1].wait_nanos) == (2, SECOND // 10)
    clock[0] += SECOND // 10
    assert table.take(NAME, [cost(1)]) is None
    assert table.take(NAME, [cost(1)]) is not None
    clock[0] += 3600 * SECOND
    assert sum(table.take(NAME, [cost(1)]) is None for _ in range(100)) == 11


def test_what_is_larger_than_the_burst_passes_and_the_next_waits(tmp_path, clock):
    """Else it would be refused for ever."""
    table = RateTable(tmp_path / FILE)
    assert table.take(NAME, [cost(500)]) is None
    waiting = table.take(NAME, [cost(1)])
    assert waiting is not None
    assert waiting.wait_nanos == 49 * SECOND
    clock[0] += 49 * SECOND
    assert table.take(NAME, [cost(1)]) is None


def test_a_day_is_the_most_that_is_borrowed(tmp_path, clock):
    """Nobody is shut out for good."""
    table = RateTable(tmp_path / FILE)
    table.take(NAME, [cost(1 << 60)])
    clock[0] += 24 * 3600 * SECOND
    assert table.take(NAME, [cost(1)]) is None


def test_several_units_are_taken_together_or_not_at_all(tmp_path, clock):
    """And what was not used is given back."""
    table = RateTable(tmp_path / FILE)
    both = [cost(1, unit=0), cost(5, unit=1, burst=0)]
    assert table.take(NAME, both) is None
    for _ in range(5):
        refused = table.take(NAME, both)
        assert refused is not None
        assert refused.unit == 1
    assert table.ahead(NAME) == [0.1, 0.5, 0.0]
    table.give_back(NAME, both)
    assert table.ahead(NAME) == [0.0, 0.0, 0.0]
    assert table.take(NAME, both) is None


def test_names_do_not_meet(tmp_path, clock):
    """More names than rows: the ones that are ahead keep their place, idle ones give way."""
    table = RateTable(tmp_path / FILE)
    table.take(NAME, [cost(1000)])
    for number in range(60_000):
        table.take(name_of("domain", str(number)), [cost(1)])
    assert table.take(NAME, [cost(1)]) is not None


def test_the_file(tmp_path, clock):
    """0600; another process finds what was taken; another boot begins anew; what is not ours is taken over."""
    path = tmp_path / FILE
    RateTable(path, "boot-a").take(NAME, [cost(1000)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert RateTable(path, "boot-a").take(NAME, [cost(1)]) is not None
    assert RateTable(path, "boot-b").take(NAME, [cost(1)]) is None
    path.write_bytes(b"something else")
    assert RateTable(path, "boot-b").take(NAME, [cost(1000)]) is None


def test_without_a_file_each_process_counts_for_itself(tmp_path, clock, caplog):
    """A full or foreign disk stops no sender."""
    table = RateTable(tmp_path / "missing" / FILE)
    assert [table.take(NAME, [cost(1)]) is None for _ in range(12)].count(True) == 11
    assert "limits count each process for itself" in caplog.text
    table.close()


def test_threads_take_no_more_than_there_is(tmp_path, clock):
    """POSIX locks know no threads; a lock of ours does."""
    table, let_in = RateTable(tmp_path / FILE), Counter()

    def take() -> None:
        for _ in range(300):
            let_in[table.take(NAME, [cost(1, rate=1, burst=100)]) is None] += 1

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let_in[True] == 101


CHILD = """
import sys, time
from collector.domains.rate_table import Cost, RateTable, name_of
table, name = RateTable(sys.argv[1]), name_of("domain", "tamyla.com")
rate, burst, ends = float(sys.argv[2]), int(float(sys.argv[3]) * 1e9), time.monotonic() + float(sys.argv[4])
print("ready", flush=True)
let_in = 0
first = last = time.monotonic_ns()
while time.monotonic() < ends:
    if table.take(name, [Cost(2, int(1e9 / rate), burst)]) is None:
        last = time.monotonic_ns()
        let_in += 1
print(let_in, first, last, flush=True)
"""


def child(path, rate, burst, secs) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(path), str(rate), str(burst), str(secs)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_two_processes_are_one_sender(tmp_path):
    """Exactly the rate over the time that they ran, whatever the machine does meanwhile."""
    children = [child(tmp_path / FILE, 5000, 0.5, 3) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split() for process in children]
    let_in = sum(int(words[1]) for words in said)
    first, last = min(int(words[2]) for words in said), max(int(words[3]) for words in said)
    assert all(int(words[1]) for words in said)
    assert let_in <= 5000 * ((last - first) / 1e9 + 0.5) + 1
    assert let_in >= 5000 * (last - first) / 1e9 * 0.5  # a busy machine asks less often than it might


def test_kill_9_leaves_no_lock_and_forgets_nothing(tmp_path):
    """Twenty deaths in the middle of taking; the survivor goes on at once, and no child's taking is lost."""
    for _ in range(20):
        process = child(tmp_path / FILE, 1e9, 1e6, 60)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    table = RateTable(tmp_path / FILE)
    began = time.monotonic()
    assert table.take(NAME, [Cost(2, 3600 * SECOND, 0)]) is None
    assert time.monotonic() - began < 10
    again = RateTable(tmp_path / FILE)
    assert again.take(NAME, [Cost(2, 1, 0)]) is not None
