"""Categories are read from the bare line and from what the objects around it say; the body stays as it was sent."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_the_body_stays_as_it_was_sent() -> None:
    sent = "\x1b[31mERROR\x1b[0m boom"
    wrapped = json.dumps({"log": LINE + "\n", "stream": "stderr"})
    processor = Categorize(CategorizeConfig(), Context("categorize", Path()))
    batch = processor.process(batch_of([{"body": sent}, {"body": "plain"}, {"body": wrapped}]), FakeWork())
    assert batch.column("body").to_list() == [sent, "plain", wrapped]
    assert batch.column("severity_number").to_list() == [17, 0, 17]
