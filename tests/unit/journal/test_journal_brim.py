"""At the brim: a full journal refuses, never breaks, and recovers by itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.disk import allocation
from collector.disk.environment import Environment
from collector.errors import StorageError, Unavailable
from collector.journal.committer import Committer
from collector.journal.layout import FORMAT_VERSION, KIND
from collector.journal.reader import JournalReader

MIXES = {
    "300 B": [300],
    "2 KB": [1950],
    "6 KB": [6000],
    "1 MB": [1 << 20],
    "mixed": [300, 6000, 300, 300, 1 << 20, 6000, 300, 2100],
}

HOLDER = """
import sys, time
from pathlib import Path
from collector.disk.environment import Environment
from collector.journal.layout import FORMAT_VERSION, KIND

environment = Environment.open(Path(sys.argv[1]), KIND, FORMAT_VERSION)
with environment.read():
    print("reading", flush=True)
    sys.stdin.readline()
print("done", flush=True)
sys.stdin.readline()
"""


def _never_broken(bench) -> None:
    statistics = bench.journal.statistics()
    assert statistics.commit_errors == 0
    assert statistics.bytes_in_use <= 1.125 * statistics.budget_bytes
    assert bench.fatal == []


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "mix"), [*((4 << 20, mix) for mix in MIXES), (16 << 20, "mixed")])
def test_fills_refuses_trims_recovers(bench, kit, mix: str, budget: int) -> None:
    """Many times over: filled until refused, trimmed by a part, filled again. Never an error of LMDB."""
    bench.open(max_bytes=budget, max_domain_share=1.0)
    reader = JournalReader.open(bench.path)
    dice = random.Random(mix)
    for _ in range(8):
        refusal = kit.fill(bench, MIXES[mix])
        assert isinstance(refusal, Unavailable)
        assert "full" in refusal.reason
        _never_broken(bench)
        head = reader.heads()["a.example"]
        assert head.bytes > 0.4 * budget  # it was full of data, not of waste
        bench.low["a.example"] = head.last_offset - dice.randrange(head.entries)
        kit.eventually(lambda: bench.append(kit.payload(300)) is None, "room again")
    bench.low["a.example"] = 1 << 40
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "empty again")
    assert bench.append(kit.payload(budget // 2)) is None
    _never_broken(bench)
    reader.close()


def test_many_senders_at_the_brim(bench, kit) -> None:
    """Whole groups arrive when there is room for a part: the first in line are kept, each gets one answer."""
    bench.open(max_bytes=8 << 20, max_domain_share=1.0)
    answers = kit.Answers()
    for number in range(3000):
        bench.journal.append([kit.payload([300, 6000, 40_000][number % 3])], answers)
    refusals = [answer for answer in answers.wait(3000) if answer is not None]
    assert len(answers.all) == 3000
    assert all(isinstance(refusal, Unavailable) for refusal in refusals)
    reader = JournalReader.open(bench.path)
    assert reader.heads()["a.example"].entries == 3000 - len(refusals)
    assert 0 < len(refusals) < 3000
    reader.close()
    _never_broken(bench)


@pytest.mark.slow
def test_fragments_do_not_matter(bench, kit) -> None:
    """When every second domain is trimmed, the file is full of single free pages; 1 MB payloads fit all the same."""
    bench.open(max_bytes=6 << 20, max_domain_share=1.0)
    accepted = 0
    while bench.append(kit.payload(6000, f"{'ab'[accepted % 2]}.example")) is None:
        accepted += 1
    bench.low["a.example"] = 1 << 40
    kit.eventually(lambda: bench.journal.statistics().entries <= accepted // 2 + 1, "one half is gone")
    assert bench.append(kit.payload(1 << 20, "c.example")) is None
    _never_broken(bench)


@pytest.mark.parametrize("end", ["continue", "kill"])
def test_a_stopped_reader_pins_pages(bench, kit, spawn, end: str) -> None:
    """A process stopped inside a snapshot: the journal refuses in the end although all is trimmed, breaks nothing
    however long it lasts, and recovers by itself when the process goes on or is dead."""
    bench.open(max_bytes=4 << 20, max_domain_share=1.0)
    assert bench.append(kit.payload(1)) is None
    holder = spawn(HOLDER, bench.path)
    assert holder.stdout.readline() == "reading\n"
    os.kill(holder.pid, signal.SIGSTOP)
    refusal, number = None, 0
    while refusal is None:
        number += 1
        refusal = bench.append(kit.payload([300, 6000, 200_000][number % 3]))
        bench.low["a.example"] = number + 1
    assert isinstance(refusal, Unavailable)
    commits = bench.journal.statistics().commits
    for _ in range(300):  # what may be committed without payloads stops before the map is full
        bench.journal.count_refused("a.example", "otlp", 1)
        bench.append(kit.payload(300))
    _never_broken(bench)
    assert bench.journal.statistics().commits < commits + 300

    if end == "continue":
        holder.stdin.write("\n")
        holder.stdin.flush()
        os.kill(holder.pid, signal.SIGCONT)
        assert holder.stdout.readline() == "done\n"
    else:
        holder.kill()
        holder.wait()
    bench.low["a.example"] = 1 << 40
    kit.eventually(lambda: bench.append(kit.payload(1 << 20)) is None, "room again")
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "trimmed")
    _never_broken(bench)
    reader = JournalReader.open(bench.path)
    kit.eventually(lambda: reader.counts()["a.example", "receiver/otlp", "refused"] == 300, "no count is lost")
    reader.close()


def test_commits_without_payloads_stop_before_the_map_is_full(tmp_path: Path) -> None:
    """While a reader pins pages, each commit of counts or trimming takes new ones: they wait as well, in the end."""
    with Environment.create(tmp_path / "journal", 4 << 20, KIND, FORMAT_VERSION) as environment:
        committer = Committer(environment, dict)

        def count(times: int) -> None:
            for _ in range(times):
                committer.commit((), {("a.example", "receiver/otlp", "refused"): 1}, committer.max_trim_chunks)

        with environment.read():
            with pytest.raises(Unavailable, match="pins"):
                count(2000)
            assert environment.bytes_in_use() <= 1.125 * environment.budget_bytes
        count(1)


ON_A_SMALL_DISK = """
import resource, sys, threading
from pathlib import Path
from collector.errors import StorageError
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

disk, limited, low = Path(sys.argv[1]), sys.argv[2] == "limit", {}
if limited:  # no tmpfs to be had: files may not grow beyond the size that the disk would have
    resource.setrlimit(resource.RLIMIT_FSIZE, (12 << 20, 12 << 20))

def append(size):
    answered, answer = threading.Event(), []
    payload = Payload("a.example", "otlp", bytes(size), 1, 1, bytes(16))
    journal.append([payload], lambda refusal: (answer.append(refusal), answered.set()))
    assert answered.wait(30)
    return answer[0]

try:
    Journal.open(disk / "journal", JournalLimits(max_bytes=32 << 20), dict, print)
except StorageError as error:
    print(error)

journal = Journal.open(disk / "journal", JournalLimits(max_bytes=8 << 20), lambda: dict(low), print)
if not limited:
    try:
        with (disk / "other").open("wb") as other:
            while True:
                other.write(bytes(1 << 16))
                other.flush()
    except OSError as error:
        print(error.strerror)
else:
    print("No space left on device")

offset = 0
for _ in range(5):
    refusal = None
    while refusal is None:
        refusal = append([300, 6000, 1 << 20][offset % 3])
        offset += 1
    low["a.example"] = offset
    while append(1 << 20) is not None:
        pass
    offset += 1
print(refusal, journal.statistics().commit_errors)
print(journal.close(30))
"""


def _small_disk(place: Path) -> list[str]:
    """The beginning of a command that runs with a tmpfs of 12 MiB at `place`: as root, or in a user namespace."""
    mount = f'mount -t tmpfs -o size=12m tmpfs {place} && exec "$@" tmpfs'
    for unshare in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        command = [*unshare, "sh", "-c", mount, "sh"]
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
            return command
    return ["sh", "-c", 'exec "$@" limit', "sh"]


def test_a_full_disk(tmp_path: Path) -> None:
    """Too small for the budget: said clearly at the start. Filled up later by others: the journal never notices."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        [*_small_disk(place), sys.executable, "-c", ON_A_SMALL_DISK, str(place)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    refused, full, brim, closed = done.stdout.splitlines()
    assert "no room for 32 MiB" in refused
    assert "lower the budget" in refused
    assert full == "No space left on device"
    assert brim == "the journal is full 0"
    assert closed == "True"


GROWING = """
import logging, sys, threading
from pathlib import Path
from collector.disk import allocation
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

allocation.STEP_BYTES, disk, low = 2 << 20, Path(sys.argv[1]), {}
logging.basicConfig(stream=sys.stdout, format="%(message)s")

def append(size):
    answered, answer = threading.Event(), []
    payload = Payload("a.example", "otlp", bytes(size), 1, 1, bytes(16))
    journal.append([payload], lambda refusal: (answer.append(refusal), answered.set()))
    assert answered.wait(30)
    return answer[0]

def fill():
    taken = 0
    while True:
        refusal = append([300, 6000, 100_000][taken % 3])
        if refusal is not None:
            return taken, refusal
        taken += 1

journal = Journal.open(disk / "journal", JournalLimits(max_bytes=16 << 20, max_domain_share=1.0), lambda: dict(low), print)
other = (disk / "other").open("wb")
other.write(bytes(4 << 20))
other.flush()
before, refusal = fill()
print(refusal)
low["a.example"] = before // 2
while append(100_000) is not None:  # what has its blocks serves on
    pass
within, refusal = fill()
print(refusal)
other.truncate(0)
while append(100_000) is not None:
    pass
after, refusal = fill()
statistics = journal.statistics()
print(before > 50, after > 0, statistics.commit_errors, journal.close(30))
"""


@pytest.mark.slow
def test_a_disk_that_has_no_room_for_a_step(tmp_path: Path) -> None:
    """Growth that fails is back-pressure: senders are told to come again, no commit fails, what was there serves on, and
    it goes on by itself when the disk has room."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        [*_small_disk(place), sys.executable, "-c", GROWING, str(place)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "the file system has" in line]
    assert "no room for 2 MiB more (No space left on device)" in said[0]
    if done.args[0] == "unshare":  # without a disk of its own nobody can free the space
        assert done.stdout.count("the disk is full\n") == 2
        assert "has room again" in said[1]
    assert done.stdout.splitlines()[-1] == "True True 0 True"


def test_a_disk_without_room_is_an_error_of_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first step of more than any file system has: the message names the place and the size."""
    monkeypatch.setattr(allocation, "STEP_BYTES", 1 << 44)  # its map of 20 TiB finds addresses in an old process, too
    with pytest.raises(StorageError, match=r"env: .*no room for \d+ MiB"):
        Environment.create(tmp_path / "env", 1 << 44, "journal", 1)
