"""What stands under colours and wrappings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.line import bare
from processors.categorize.processor import Categorize

LINE = "ERROR shop.cart: boom"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("plain", LINE),
        ("colours", "\x1b[31mERROR\x1b[0m \x1b[38;5;3mshop.cart\x1b[0m: boom"),
        ("true colour, with colons", "\x1b[38:2::255:0:0mERROR\x1b[m shop.cart: boom"),
        ("eight-bit introducer", "\x9b31mERROR\x9b0m shop.cart: boom"),
        ("cursor and erasing", "\x1b[2K\x1b[1GERROR shop.cart: boom"),
        ("link, ended by BEL", "ERROR \x1b]8;;https://x.example\x07shop.cart\x1b]8;;\x07: boom"),
        ("link, ended by ST", "ERROR \x1b]8;;https://x.example\x1b\\shop.cart\x1b]8;;\x1b\\: boom"),
        ("title", "\x1b]0;title\x07ERROR shop.cart: boom"),
        ("CRI", "2026-11-29T10:00:00.123456789Z stderr F " + LINE),
        ("Docker", json.dumps({"log": LINE + "\n", "stream": "stderr", "time": "2026-11-29T10:00:00Z"})),
        ("GELF", json.dumps({"version": "1.1", "host": "web1", "short_message": LINE, "level": 3})),
        ("GELF, full", json.dumps({"host": "web1", "short_message": "boom", "full_message": LINE})),
        ("loguru", json.dumps({"text": LINE + "\n", "record": {"level": {"name": "ERROR", "no": 40}}})),
        ("journald", json.dumps({"MESSAGE": LINE, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "shop"})),
        ("Docker in CRI, coloured", "2026-11-29T10:00:00Z stdout F " + json.dumps({"log": "\x1b[31mERROR\x1b[0m shop.cart: boom\n", "stream": "stdout"})),
    ],
)  # fmt: skip
def test_the_bare_line(name: str, body: str) -> None:
    assert bare(body).text == LINE, name


@pytest.mark.parametrize(
    "body",
    ['{"log": "a file", "size": 3}', '{"text": "hello"}', '{"MESSAGE": "x"}', '{"broken', "{}", "[1, 2]", "stdout F x"],
)
def test_other_objects_stay_as_they_are(body: str) -> None:
    assert bare(body).text == body


def test_wrappings_in_each_other_end() -> None:
    """A line that wraps itself again and again is looked through a few times only."""
    body = LINE
    for _ in range(20):
        body = json.dumps({"log": body, "stream": "stdout"})
    assert bare(body).text != LINE


def test_the_body_stays_as_it_was_sent() -> None:
    sent = "\x1b[31mERROR\x1b[0m boom"
    processor = Categorize(CategorizeConfig(), Context("categorize", Path()))
    batch = processor.process(batch_of([{"body": sent}, {"body": "plain"}]), FakeWork())
    assert batch.column("body").to_list() == [sent, "plain"]
    assert batch.column("severity_number").to_list() == [17, 0]
