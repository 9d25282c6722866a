"""What was acknowledged is there after SIGKILL at any moment, once, as it was sent; nothing else is."""

from __future__ import annotations

import random
import threading

import pytest
import xxhash

from collector.journal.reader import JournalReader

# Four threads append numbered payloads and tell the parent each number after its acknowledgement, from the journal's
# own thread: a number that the parent knows was durable before it was told.
SENDER = """
import os, sys, threading
from pathlib import Path
import xxhash
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

start = int(sys.argv[2])
journal = Journal.open(Path(sys.argv[1]), JournalLimits(max_bytes=64 << 20, max_domain_share=1.0), dict, print)

def body(number):
    return b"%d:" % number + bytes([number % 251]) * [10, 3000, 9000, 70_000][number % 4]

def send(thread):
    for number in range(start + thread, start + 100_000, 4):
        answered = threading.Event()

        def done(refusal, number=number):
            if refusal is None:
                os.write(1, b"%d\\n" % number)
            answered.set()

        content = body(number)
        digest = xxhash.xxh3_128_digest(content)
        journal.append([Payload(f"{number % 3}.example", "otlp", content, 1, number, digest)], done)
        answered.wait()

for thread in range(4):
    threading.Thread(target=send, args=(thread,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.slow
def test_acknowledged_payloads_survive_a_kill(bench, spawn) -> None:
    """Ten lives of one journal, each ended after a random number of acknowledgements."""
    dice = random.Random()
    acknowledged: list[int] = []
    for life in range(10):
        process = spawn(SENDER, bench.path, life * 100_000)
        for _ in range(dice.randrange(1, 150)):
            acknowledged.append(int(process.stdout.readline()))
        process.kill()
        acknowledged += [int(line) for line in process.stdout.read().splitlines()]
        process.wait()

    bench.open(max_bytes=64 << 20)  # the next writer finds its way
    reader = JournalReader.open(bench.path)
    entries = reader.read({}, None, {"otlp"}, 1 << 40, 1 << 40)
    accepted = sum(reader.counts().values())
    reader.close()
    numbers = [entry.received_unix_ms for entry in entries]
    assert len(set(numbers)) == len(numbers), "nothing is there twice"
    assert set(acknowledged) <= set(numbers), "nothing acknowledged is missing"
    assert len(numbers) <= len(acknowledged) + 4 * 10, "nothing but what was under way at a kill"
    assert accepted == len(numbers), "the counts say the same"
    for entry in entries:
        assert entry.digest == xxhash.xxh3_128_digest(entry.body)
        assert entry.body.startswith(b"%d:" % entry.received_unix_ms)
    for domain in {entry.domain for entry in entries}:
        offsets = [entry.offset for entry in entries if entry.domain == domain]
        assert offsets == sorted(offsets)
    assert len({entry.offset for entry in entries}) == len(entries), "offsets are unique over all lives"


def test_a_reader_that_is_killed_stands_in_nobodys_way(bench, kit, spawn) -> None:
    """Readers die while they read, the writer goes on and trims."""
    script = """
import sys
from pathlib import Path
from collector.journal.reader import JournalReader

reader = JournalReader.open(Path(sys.argv[1]))
print("reading", flush=True)
while True:
    reader.read({}, None, {"otlp"}, 1 << 20, 1 << 40)
"""
    bench.open(max_bytes=8 << 20, max_domain_share=1.0)
    stop = threading.Event()
    refusals: list[object] = []

    def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            refusals.append(bench.append(kit.payload(20_000)))
            bench.low["a.example"] = number - 20

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(4):
        process = spawn(script, bench.path)
        assert process.stdout.readline() == "reading\n"
        process.kill()
        process.wait()
    stop.set()
    sender.join()
    bench.low["a.example"] = 1 << 40
    kit.eventually(lambda: bench.journal.statistics().entries == 0, "all is trimmed")
    assert refusals
    assert bench.journal.statistics().commit_errors == 0
