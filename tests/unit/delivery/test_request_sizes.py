"""A size that was refused is not tried again: later requests are cut below it."""

from __future__ import annotations

import pytest

from collector.delivery.config import DeliveryConfig
from collector.delivery.request import content_bytes
from collector.outcomes import Ok, Split
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

LIMIT = 400_000
ENTRIES, RECORDS = 60, 500


def config(**queue):
    return DeliveryConfig.model_validate({"sending_queue": {"num_consumers": 1, **queue}})


def sizes(rig, answer, entries=None, seconds=60, options=None):
    """(bytes, answer) of each request, in order."""
    one = rig("x")
    for entry in entries or [text_batch([f"{n:1000d}" for n in range(RECORDS)]) for _ in range(ENTRIES)]:
        one.ledgers[0].put(entry)
    exporter = ScriptedExporter(answer)
    one.run({"x": (exporter, options or config())}, seconds)
    assert one.ledgers[0].adds_up("x")
    return [(content_bytes(batch), answer(batch)) for batch in exporter.sent], one.ledgers[0]


def limited(too_large):
    def answer(batch):
        return Split("413", too_large=too_large) if content_bytes(batch) > LIMIT else Ok()

    return answer


def test_one_request_teaches_the_size(rig):
    """It is cut until it fits; those that are joined after it are sent in the size that was taken."""
    sent, ledger = sizes(rig, limited(True))
    refused = [at for at, (_, answer) in enumerate(sent) if answer != Ok()]
    assert refused
    later = [size for size, _ in sent[max(refused) + 1 :]]
    assert sum(later) > 20e6, "the first answer came when two requests were joined, of 3 MiB each"
    assert min(later[:-1]) > LIMIT / 3
    assert ledger.outcomes("x") == {"enqueued": ENTRIES * RECORDS, "exported": ENTRIES * RECORDS}


def test_a_split_that_is_not_about_size_teaches_nothing(rig):
    """400 and 422 mean a record inside; requests stay as large as they were."""
    sent, ledger = sizes(rig, limited(False))
    refused = [at for at, (_, answer) in enumerate(sent) if answer != Ok()]
    assert max(refused) > len(sent) - 20
    assert ledger.outcomes("x")["exported"] == ENTRIES * RECORDS


def test_a_single_record_that_is_too_large_teaches_nothing(rig):
    """It becomes a dead letter; the requests after it are not cut to the pieces in which it was looked for."""
    entries = [
        text_batch(["x"] * RECORDS + ["y" * 2 * LIMIT]),
        *(text_batch([f"{n:300d}" for n in range(RECORDS)]) for _ in range(9)),
    ]

    def answer(batch):
        return Split("413", too_large=True) if batch.column("body").str.len_bytes().max() > LIMIT else Ok()

    sent, ledger = sizes(rig, answer, entries, options=config(batch={"min_size": 0}))
    assert ledger.outcomes("x") == {"enqueued": 10 * RECORDS + 1, "exported": 10 * RECORDS, "dead_lettered": 1}
    assert len(sent[-9:]) == 9
    assert min(size for size, _ in sent[-9:]) > 150_000, "whole entries"


@pytest.mark.parametrize("takes", [1, 20_000])
def test_there_is_a_least_size(rig, takes):
    """A destination that takes hardly anything gets requests of some size first, which it may refuse: no request for each record."""

    def answer(batch):
        return Split("413", too_large=True) if len(batch) > 1 and content_bytes(batch) > takes else Ok()

    sent, ledger = sizes(rig, answer, [text_batch([f"{n:1000d}" for n in range(200)]) for _ in range(4)])
    assert ledger.outcomes("x")["exported"] == 800
    assert max(size for size, _ in sent[len(sent) // 2 :]) > 40_000
