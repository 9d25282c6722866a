"""Journal: durable before the answer, all or none, bounded, and honest about what it could not keep."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.disk.environment import CommitError
from collector.errors import Exhausted, StorageError, Unavailable
from collector.journal import committer, writer
from collector.journal.committer import Committer
from collector.journal.entry import Payload
from collector.journal.price import dearness_of
from collector.journal.reader import JournalReader
from collector.outcomes import Counts


class HeldCommitter(Committer):
    """Commits when it is let; says when it was asked."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked = threading.Event()
        self.go = threading.Event()
        self.groups: list[int] = []

    def commit(self, payloads: Sequence[Payload], refused: Mapping[tuple[str, str], int], trim_chunks: int) -> None:
        self.asked.set()
        assert self.go.wait(30)
        self.groups.append(len(payloads))
        super().commit(payloads, refused, trim_chunks)


class FailingCommitter(Committer):
    """Fails with `error` while it is set."""

    error: Exception | None = None

    def commit(self, payloads: Sequence[Payload], refused: Mapping[tuple[str, str], int], trim_chunks: int) -> None:
        if self.error is not None and payloads:
            raise self.error
        super().commit(payloads, refused, trim_chunks)


def read_all(path: Path) -> list[bytes]:
    reader = JournalReader.open(path)
    try:
        return [entry.body for entry in reader.read({}, None, {"otlp"}, 1 << 30, 1 << 30)]
    finally:
        reader.close()


@pytest.mark.parametrize("size", [0, 1, 4019, 4020, 4021, 4079, 4080, 4081, 8100, 8101, 1 << 20, (1 << 20) + 3])
def test_every_size_comes_back_as_it_was(bench, kit, size: int) -> None:
    """Bodies on every side of a chunk's boundary, with all that was known of them."""
    bench.open()
    sent = kit.payload(size, "a.example", "otlp/edge", records=7, received=1234567890123)
    assert bench.append(sent) is None
    reader = JournalReader.open(bench.path)
    (entry,) = reader.read({}, None, {"otlp/edge"}, 1, 1)
    reader.close()
    assert (entry.journal, entry.offset) == (bench.journal.id, 1)
    assert (entry.domain, entry.receiver, entry.records) == (sent.domain, sent.receiver, 7)
    assert (entry.body, entry.digest, entry.received_unix_ms) == (sent.body, sent.digest, 1234567890123)


def test_requests_that_wait_share_one_commit(bench, kit) -> None:
    """Group commit: what arrives during a commit is one transaction, in the order of arrival."""
    committer: list[HeldCommitter] = []

    def make(*arguments: Any) -> HeldCommitter:
        committer.append(HeldCommitter(*arguments))
        return committer[0]

    bench.open(make)
    answers = kit.Answers()
    bodies = [b"%d" % number for number in range(50)]
    bench.journal.append([kit.payload(bodies[0])], answers)
    assert committer[0].asked.wait(30)
    for body in bodies[1:]:
        bench.journal.append([kit.payload(body)], answers)
    assert answers.all == []  # nothing is on disk yet
    committer[0].go.set()
    assert answers.wait(50) == [None] * 50
    assert committer[0].groups[:2] == [1, 49]
    assert read_all(bench.path) == bodies


def test_a_group_waits_for_the_senders_of_the_last_as_long_as_a_commit_takes(bench, kit, monkeypatch) -> None:
    """Senders that were answered together come again together, however far apart on a busy machine; one alone waits for nobody."""
    monkeypatch.setattr(writer, "_LONGEST_GATHER_SECS", 600.0)
    held: list[HeldCommitter] = []
    bench.open(lambda *arguments: (held.append(HeldCommitter(*arguments)), held[0])[1])
    bench.journal._usual_commit_secs = 3600.0  # the disk is slow
    answers = kit.Answers()
    held[0].go.set()
    for _ in range(3):
        assert bench.append(kit.payload(1)) is None
    held[0].go.clear()
    held[0].asked.clear()
    bench.journal.append([kit.payload(1)], answers)
    assert held[0].asked.wait(30)
    for _ in range(3):
        bench.journal.append([kit.payload(1)], answers)
    held[0].go.set()
    answers.wait(4)
    for sent in range(3):
        bench.journal.append([kit.payload(1)], answers)
        time.sleep(0.02)
        assert len(answers.all) == 4 or sent == 2
    assert answers.wait(7) == [None] * 7
    bench.journal._usual_commit_secs = 0.0
    assert [bench.append(kit.payload(1)), bench.append(kit.payload(1))] == [None, None], "the others do not come again"
    assert [group for group in held[0].groups if group] == [1, 1, 1, 1, 3, 3, 1, 1]


def test_a_commit_writes_no_more_than_its_limit(bench, kit) -> None:
    """Groups are cut at `max_group_bytes`; a larger request goes alone."""
    committer: list[HeldCommitter] = []

    def make(*arguments: Any) -> HeldCommitter:
        committer.append(HeldCommitter(*arguments))
        return committer[0]

    bench.open(make, max_group_bytes=10_000)
    answers = kit.Answers()
    bench.journal.append([kit.payload(1)], answers)
    assert committer[0].asked.wait(30)
    for size in (4000, 4000, 4000, 50_000, 1):
        bench.journal.append([kit.payload(size)], answers)
    committer[0].go.set()
    assert answers.wait(6) == [None] * 6
    assert [group for group in committer[0].groups if group] == [1, 2, 1, 1, 1]


def test_the_queue_is_bounded(bench, kit) -> None:
    """Over its bytes a request is refused at once; what waits is not lost."""
    committer: list[HeldCommitter] = []

    def make(*arguments: Any) -> HeldCommitter:
        committer.append(HeldCommitter(*arguments))
        return committer[0]

    bench.open(make, max_queue_bytes=10_000)
    answers, refused = kit.Answers(), kit.Answers()
    bench.journal.append([kit.payload(6000)], answers)
    assert committer[0].asked.wait(30)
    bench.journal.append([kit.payload(6000)], refused)
    assert isinstance(refused.all[0], Unavailable)  # already: it did not wait for the disk
    assert bench.journal.statistics().queued_bytes == 6000
    bench.journal.append([kit.payload(4000)], answers)
    committer[0].go.set()
    assert answers.wait(2) == [None, None]
    kit.eventually(lambda: bench.journal.statistics().queued_bytes == 0, "the queue is empty")
    assert bench.append(kit.payload(20_000)) is None  # larger than the queue, but alone
    assert bench.journal.statistics().refused_queue == 1


@pytest.mark.parametrize(
    ("error", "fatal"),
    [
        (CommitError(Path("x"), OSError(errno.ENOSPC, "no space")), False),
        (ValueError("a defect"), False),
        (CommitError(Path("x"), OSError(errno.EIO, "I/O error")), True),
    ],
    ids=["disk full", "defect", "I/O error"],
)
def test_a_failed_commit_is_a_retryable_refusal(bench, kit, error: Exception, fatal: bool) -> None:
    """Nothing is kept, the sender is told to keep its data; only a broken disk ends the process."""
    bench.open(FailingCommitter)
    assert bench.append(kit.payload(b"before")) is None
    bench.journal._committer.error = error
    refusal = bench.append(kit.payload(b"lost"), kit.payload(b"too"))
    assert isinstance(refusal, Unavailable)
    assert refusal.retry_after_secs
    bench.journal._committer.error = None
    after = bench.append(kit.payload(b"after"))
    assert bench.fatal == ([error] if fatal else [])
    assert isinstance(after, Unavailable) if fatal else after is None
    bench.close()
    assert read_all(bench.path) == ([b"before"] if fatal else [b"before", b"after"])


def test_a_thread_that_can_not_go_on_says_so(bench, kit, caplog) -> None:
    """Whatever ends it: the process is told, and nobody waits for an answer that can't come."""

    class BrokenCommitter(Committer):
        def look_round(self, now: float) -> None:
            raise StorageError("the table of readers is gone")

    bench.open(BrokenCommitter)
    kit.eventually(lambda: bench.fatal, "the process is told")
    assert isinstance(bench.append(kit.payload(1)), Unavailable)
    assert [str(error) for error in bench.fatal] == ["the table of readers is gone"]
    assert "its thread ends" in caplog.text


def test_a_write_error_of_the_system_keeps_nothing(tmp_path: Path) -> None:
    """A real one: the file may not be written beyond its first page for a while. Then all goes on."""
    script = """
import resource, sys, threading
from pathlib import Path
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

journal = Journal.open(Path(sys.argv[1]), JournalLimits(max_bytes=8 << 20), dict, print)

def append(body):
    answered = threading.Event()
    answer = []
    journal.append([Payload("a.example", "otlp", body, 1, 1, bytes(16))], lambda r: (answer.append(r), answered.set()))
    assert answered.wait(30)
    return type(answer[0]).__name__

print(append(b"one"))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
print(append(b"two"))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(append(b"three"))
print(journal.close(30))
"""
    path = tmp_path / "journal"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["NoneType", "Unavailable", "NoneType", "True"]
    assert read_all(path) == [b"one", b"three"]


def test_a_receiver_that_raises_does_not_stop_the_others(bench, kit, caplog) -> None:
    bench.open()

    def defect(refusal: object) -> None:
        raise RuntimeError("no one is listening")

    bench.journal.append([kit.payload(1)], defect)
    assert bench.append(kit.payload(2)) is None
    assert "failed to take its answer" in caplog.text


def test_payloads_of_one_request_stand_or_fall_together(bench, kit) -> None:
    """A request for two domains, one of them over its share: neither is kept."""
    bench.open(max_bytes=8 << 20)
    assert bench.append(kit.payload(1, "a.example"), kit.payload(1, "b.example")) is None
    assert isinstance(bench.append(kit.payload(10, "b.example"), kit.payload(3 << 20, "a.example")), Exhausted)
    reader = JournalReader.open(bench.path)
    assert {domain: head.entries for domain, head in reader.heads().items()} == {"a.example": 1, "b.example": 1}
    reader.close()
    assert bench.append() is None  # a request of nothing is done at once


def test_offsets_are_never_used_again(bench, kit) -> None:
    """Not after trimming all and a restart, and not behind any cursor after the directory was wiped."""
    bench.open()
    for _ in range(3):
        assert bench.append(kit.payload(5)) is None
    identity = bench.journal.id
    bench.low["a.example"] = 3
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "everything is trimmed")
    bench.close()
    bench.low.clear()  # neither keys nor cursors tell any more
    bench.open()
    assert bench.journal.id == identity
    assert bench.append(kit.payload(b"x")) is None
    reader = JournalReader.open(bench.path)
    assert [entry.offset for entry in reader.read({}, None, {"otlp"}, 1, 1)] == [4]
    bench.close()
    reader.close()

    for file in bench.path.iterdir():
        file.unlink()
    bench.low["a.example"] = 500
    bench.open()
    assert bench.journal.id != identity
    assert bench.append(kit.payload(b"y")) is None
    reader = JournalReader.open(bench.path)
    assert [entry.offset for entry in reader.read({}, None, {"otlp"}, 1, 1)] == [501]
    reader.close()


def test_trimming_follows_the_watermarks(bench, kit) -> None:
    """Per domain, nothing above its watermark; also while nothing comes in, and with values of many chunks."""
    bench.open()
    sizes = [1, 5000, 100_000]
    for number in range(30):
        assert bench.append(kit.payload(sizes[number % 3], f"{'ab'[number % 2]}.example")) is None
    bench.low.update({"a.example": 15, "unknown.example": 99})
    kit.eventually(lambda: bench.journal.statistics().entries == 22, "offsets 1, 3 … 15 of a.example are gone")
    reader = JournalReader.open(bench.path)
    offsets = {
        domain: [entry.offset for entry in reader.read({}, {domain}, {"otlp"}, 1 << 30, 1 << 30)]
        for domain in ("a.example", "b.example")
    }
    assert offsets == {"a.example": list(range(17, 30, 2)), "b.example": list(range(2, 31, 2))}
    bench.low.update({"a.example": 30, "b.example": 1 << 40})
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "all is gone")
    head = reader.heads()["a.example"]
    assert (head.last_offset, head.entries, head.records, head.bytes) == (29, 0, 0, 0)
    assert bench.append(kit.payload(1, "b.example")) is None
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "a watermark far ahead holds for what comes")
    reader.close()


def test_watermarks_that_fail_stop_trimming_only(bench, kit) -> None:
    """The ledger's files may be away for a moment; intake goes on."""
    failing = threading.Event()

    def watermarks() -> Mapping[str, int]:
        if failing.is_set():
            raise StorageError("no ledger")
        return {}

    bench.watermarks = watermarks
    bench.open()
    failing.set()
    for _ in range(3):
        assert bench.append(kit.payload(5)) is None
    kit.eventually(lambda: bench.journal.statistics().commits >= 1, "commits go on")


def test_counts_add_up_over_a_restart(bench, kit) -> None:
    """Accepted records are counted in the transaction that makes them durable, refused ones soon after."""
    bench.open()
    assert bench.append(kit.payload(1, "a.example", "otlp", 20), kit.payload(1, "b.example", "otlp/edge", 5)) is None
    bench.journal.count_refused("a.example", "otlp", 7)
    reader = JournalReader.open(bench.path)
    refused = ("a.example", "receiver/otlp", "refused")
    kit.eventually(lambda: reader.counts()[refused] == 7, "the refusal is durable without further requests")
    bench.close()
    bench.open()
    assert bench.append(kit.payload(1, "a.example", "otlp", 1)) is None
    bench.journal.count_refused("a.example", "otlp", 1)
    bench.close()
    assert reader.counts() == Counts(
        {
            ("a.example", "receiver/otlp", "accepted"): 21,
            ("b.example", "receiver/otlp/edge", "accepted"): 5,
            refused: 8,
        }
    )
    reader.close()


def test_refusals_are_counted_while_the_journal_is_full(bench, kit) -> None:
    """Senders that never pause must not keep the counts from the disk."""
    bench.open(max_bytes=4 << 20, max_domain_share=1.0)
    assert kit.fill(bench, [100_000]) is not None
    bench.journal.count_refused("a.example", "otlp", 7)
    reader = JournalReader.open(bench.path)
    refused = ("a.example", "receiver/otlp", "refused")
    kit.eventually(lambda: bench.append(kit.payload(1 << 20)) and reader.counts()[refused] == 7, "counted")
    reader.close()


def test_statistics_outlive_the_journal(bench, kit) -> None:
    """Whoever scrapes metrics while it closes gets numbers, not an exception."""
    bench.open()
    assert bench.append(kit.payload(10)) is None
    bench.close()
    assert bench.journal.statistics().committed_requests == 1


def test_refused_counts_are_bounded_and_add_up(bench) -> None:
    """A flood of domains can't fill the memory or the disk: beyond 1,024 they are counted together."""
    committer: list[HeldCommitter] = []

    def make(*arguments: Any) -> HeldCommitter:
        committer.append(HeldCommitter(*arguments))
        return committer[0]

    bench.open(make)
    for number in range(3000):
        bench.journal.count_refused(f"{number}.example", "otlp", 1)
    committer[0].go.set()
    bench.close()
    reader = JournalReader.open(bench.path)
    counts = reader.counts()
    reader.close()
    assert sum(counts.values()) == 3000
    assert len(counts) <= 3 * 1025  # as many commits as a slow machine may have fitted in
    assert max(counts.values()) > 1


def test_closing_commits_what_waits_and_refuses_what_comes(bench, kit) -> None:
    committer: list[HeldCommitter] = []

    def make(*arguments: Any) -> HeldCommitter:
        committer.append(HeldCommitter(*arguments))
        return committer[0]

    bench.open(make, max_group_bytes=1 << 16)
    answers, late = kit.Answers(), kit.Answers()
    for _ in range(20):
        bench.journal.append([kit.payload(10_000)], answers)
    assert not bench.journal.close(0)  # the disk does not answer
    bench.journal.append([kit.payload(1)], late)
    assert isinstance(late.all[0], Unavailable)
    committer[0].go.set()
    assert bench.journal.close(30)
    assert answers.wait(20) == [None] * 20
    assert len(read_all(bench.path)) == 20


def test_a_journal_has_one_writer(bench, kit) -> None:
    bench.open()
    other = kit.Bench(bench.path)
    with pytest.raises(StorageError, match="already has a writer"):
        other.open()


def test_the_heartbeat_goes_on_while_idle(bench, kit) -> None:
    bench.open()
    beat = bench.journal.last_beat
    kit.eventually(lambda: bench.journal.last_beat > beat, "the thread shows that it lives")


def test_statistics_tell_how_full_it_is(bench, kit) -> None:
    bench.open(max_bytes=16 << 20)
    for _ in range(4):
        assert bench.append(kit.payload(100_000, records=9, received=0)) is None
    kit.eventually(lambda: bench.journal.statistics().committed_requests == 4, "counted")
    statistics = bench.journal.statistics()
    assert (statistics.entries, statistics.records, statistics.payload_bytes) == (4, 36, 400_000)
    assert (statistics.domains, statistics.budget_bytes, statistics.commit_errors) == (1, 16 << 20, 0)
    assert 400_000 < statistics.bytes_in_use < 700_000
    assert statistics.oldest_age_secs > 1e9  # it was received in 1970
    assert statistics.commit_secs > 0


def test_the_share_counts_the_price_of_entries(bench, kit) -> None:
    """A few bytes that hold very many records fill the share of a domain, not only the disk; trimming gives it back."""
    bench.open(max_bytes=8 << 20, max_domain_share=0.25)
    dear = kit.payload(20_000, "dear.example", records=10_000)._replace(dearness=dearness_of(20_000, 1 << 20))
    assert bench.append(kit.payload(100, "other.example")) is None
    assert bench.append(dear) is None
    assert isinstance(bench.append(dear, dear), Exhausted)
    bench.low["dear.example"] = 10
    kit.eventually(lambda: bench.journal.statistics().entries == 1, "trimmed")
    assert bench.append(dear) is None


def test_what_could_go_goes_with_what_comes(bench, kit, monkeypatch) -> None:
    """While requests come, trimming costs no commit of its own."""
    monkeypatch.setattr(writer, "_TICK_SECS", 30.0)  # nothing is at rest in this test, however busy the machine
    monkeypatch.setattr(committer, "_SELDOM_SECS", 0.0)
    bench.open()
    for number in range(1, 21):
        assert bench.append(kit.payload(300)) is None
        bench.low["a.example"] = number
    statistics = bench.journal.statistics()
    assert (statistics.commits, statistics.trimmed_entries >= 18) == (20, True)


def test_a_domain_over_its_share_waits_while_others_are_active(bench, kit) -> None:
    """It is told that the limit is its own; the others go on."""
    bench.open(max_bytes=8 << 20, max_domain_share=0.25)
    assert bench.append(kit.payload(300, "quiet.example")) is None
    refusal = kit.fill(bench, [6000], "loud.example")
    assert isinstance(refusal, Exhausted)
    assert refusal.retry_after_secs
    assert "loud.example" in refusal.reason
    reader = JournalReader.open(bench.path)
    assert 1.25 * (1 << 20) < reader.heads()["loud.example"].bytes <= 2 << 20
    assert bench.append(*[kit.payload(6000, "quiet.example")] * 50) is None
    assert isinstance(bench.append(kit.payload(6000, "loud.example")), Exhausted)
    bench.low["loud.example"] = reader.heads()["loud.example"].last_offset
    kit.eventually(lambda: bench.append(kit.payload(6000, "loud.example")) is None, "it may send again when it is read")
    reader.close()


def test_a_domain_alone_may_use_the_whole_journal(bench, kit) -> None:
    bench.open(max_bytes=8 << 20, max_domain_share=0.25)
    assert isinstance(kit.fill(bench, [6000]), Unavailable)
    assert bench.journal.statistics().payload_bytes > 0.5 * (8 << 20)


def test_permissions(bench, kit) -> None:
    bench.open()
    assert bench.append(kit.payload(1)) is None
    assert bench.path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in bench.path.iterdir()} == {0o600}
    assert os.listdir(bench.path)  # noqa: PTH208 - else the set above would be empty as well
