"""Categories are read from the bare line and from what the objects around it say; the body stays as it was sent."""

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


def test_what_the_inner_object_does_not_say_the_outer_one_may() -> None:
    inner = json.dumps({"level": "warn", "msg": "slow"})
    found = bare(json.dumps({"short_message": inner, "host": "web1", "level": 3, "logger": "shop.cart"}))
    assert (found.text, found.fields.severity, found.fields.logger) == (inner, "13", "shop.cart")


def test_a_level_in_colours_inside_json() -> None:
    assert bare('{"level": "\\u001b[33mwarn\\u001b[39m", "message": "slow"}').fields.severity == "13"


TRACE = 'Traceback (most recent call last):\n  File "/app/shop.py", line 7, in pay\nKeyError: "total"'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (json.dumps({"message": LINE, "agent": {"type": "filebeat"}, "host": {"name": "web1"}}), LINE),
        (json.dumps({"@version": "1", "message": LINE, "path": "app.log"}), LINE),
        (json.dumps({"log": json.dumps({"message": LINE, "tag": "shop"}), "stream": "stdout"}), LINE),
        (json.dumps({"level": "error", "msg": TRACE}), TRACE),
        ('{"level": "info", "msg": "ready"}', '{"level": "info", "msg": "ready"}'),
        ('{"msg": "a\\nb", "stack": "E: x\\n at y"}', '{"msg": "a\\nb", "stack": "E: x\\n at y"}'),
        ('time=10:00 level=error msg="no way"', 'time=10:00 level=error msg="no way"'),
    ],
    ids=["filebeat", "logstash", "a shipper in Docker", "several lines", "a logger", "its own trace", "logfmt"],
)
def test_the_message_is_the_line_where_the_object_says_nothing_beside_or_it_has_several_lines(
    body: str, text: str
) -> None:
    assert bare(body).text == text


def test_the_body_stays_as_it_was_sent() -> None:
    sent = "\x1b[31mERROR\x1b[0m boom"
    wrapped = json.dumps({"log": LINE + "\n", "stream": "stderr"})
    processor = Categorize(CategorizeConfig(), Context("categorize", Path()))
    batch = processor.process(batch_of([{"body": sent}, {"body": "plain"}, {"body": wrapped}]), FakeWork())
    assert batch.column("body").to_list() == [sent, "plain", wrapped]
    assert batch.column("severity_number").to_list() == [17, 0, 17]
