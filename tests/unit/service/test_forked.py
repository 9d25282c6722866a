"""A child that is forked: what it holds open, how its end is told, and when nobody forks. Each parent is a process of its own, for pytest has threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAD = """
import os, signal, sys, threading, time
from collector.service.forked import Forked, may_fork
ours, theirs = os.pipe()
words, heard = os.pipe()[::-1]
os.set_inheritable(theirs, True)
"""


def told(script: str) -> list[str]:
    """What a fresh process prints that runs it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", HEAD + script], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()


def test_it_keeps_open_what_it_is_told_and_leads_a_session() -> None:
    """The parent's end of its channel above all: who waits for the parent's end would wait for ever."""
    begin = """
def begin():
    kept = sorted(fd for fd in range(3, 200) if os.path.exists(f"/proc/self/fd/{fd}"))
    os.write(theirs, f"{kept == [theirs]} {os.get_inheritable(theirs)} {os.getsid(0) == os.getpid()} {os.read(0, 1)!r}".encode())
    print("an error", file=sys.stderr, flush=True)
child = Forked(begin, words, (theirs,))
print(child.wait(), os.read(ours, 999).decode(), os.read(heard, 999).decode().strip())
"""
    assert told(begin) == ["0 True False True b'' an error"]


@pytest.mark.parametrize(
    ("begin", "code"),
    [("os._exit(7)", 7), ("sys.exit(3)", 3), ("1 / 0", 1), ("os.abort()", -6), ("time.sleep(600)", -9)],
    ids=["exit", "SystemExit", "error", "abort", "killed"],
)
def test_its_end_is_told(begin: str, code: int) -> None:
    """As `subprocess.Popen` tells it, as often as one asks; what the parent has still to do is done by the parent alone."""
    script = f"""
child = Forked(lambda: {begin}, words, (theirs,))
first = child.poll() if "sleep" in {begin!r} else None
if "sleep" in {begin!r}:
    child.kill()
print(first, child.wait(), child.poll(), child.returncode)
child.kill()
"""
    assert told(script) == [f"None {code} {code} {code}"]


def test_its_end_is_seen_where_ends_are_ignored() -> None:
    """By who started us: the system forgets the code then."""
    script = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
child = Forked(lambda: os._exit(7), words, (theirs,))
print(child.wait(), child.poll())
"""
    assert told(script) == ["0 0"]


@pytest.mark.parametrize(
    ("before", "may"),
    [
        ("", True),
        ("threading.Thread(target=time.sleep, args=(600,), daemon=True).start()", False),
        ("import polars", False),
    ],
    ids=["alone", "with a thread", "with polars"],
)
def test_nobody_forks_who_has_threads(before: str, may: bool) -> None:
    """A lock that one of them holds would be held for ever in the child."""
    assert told(f"{before}\nprint(may_fork())\nsys.stdout.flush()\nos._exit(0)") == [str(may)]


@pytest.mark.slow
def test_a_forerunner_that_is_forked_ends_with_the_supervisor() -> None:
    """Both do, though the second one was forked while the first one's channel was open."""
    script = """
from collector.service.forerunners import Forerunners
forerunners = Forerunners(fork=True)
pids = [each.process.pid for each in forerunners._waiting.values()]
print(all(type(each.process).__name__ == "Forked" for each in forerunners._waiting.values()), flush=True)
keeper = os.fork()
if keeper:
    os._exit(0)
os.closerange(3, 200)
deadline = time.monotonic() + 60
while any(os.path.exists(f"/proc/{pid}/exe") for pid in pids) and time.monotonic() < deadline:
    time.sleep(0.02)
print(time.monotonic() < deadline, flush=True)
os._exit(0)
"""
    assert told(script) == ["True", "True"]


def test_a_child_shows_what_it_is() -> None:
    """Not its parent's command line, by which that is found and told to reload."""
    begin = """
from collector.service.title import show_as
child = Forked(lambda: (show_as("logboom worker 0"), time.sleep(600)), words, (theirs,))
line = lambda pid: open(f"/proc/{pid}/cmdline", "rb").read().rstrip(bytes(1))
deadline = time.monotonic() + 60
while line(child.pid) != b"logboom worker 0" and time.monotonic() < deadline:
    time.sleep(0.01)
print(line(child.pid).decode(), open(f"/proc/{child.pid}/comm").read().strip(), line(os.getpid()) != line(child.pid))
child.kill()
"""
    assert told(begin) == ["logboom worker 0 logboom worker True"]
