"""Apprise: the real library, and a real endpoint of its JSON plugin."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.component import Context
from collector.errors import LogboomError
from collector.outcomes import Ok, Retry, Verdict
from collector.testing.contract import misfits
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import made, notice
from exporters.apprise import FACTORY
from exporters.apprise.config import AppriseConfig

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # the library's own


def send(*notices: Any, **options: Any) -> list[Verdict]:
    """From start to shutdown."""

    async def main() -> list[Verdict]:
        exporter = FACTORY.create(FACTORY.config.model_validate(options), Context("x", Path()))
        await exporter.start()
        found = []
        for one in notices:
            try:
                answer = await exporter.send(exporter.encode_with(made(one), {}))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answer = error
            found += exporter.classify(answer)
        await exporter.shutdown()
        return found

    return asyncio.run(main())


def local(there: HttpRecorder, path: str = "") -> str:
    """As Apprise writes it."""
    return there.url.replace("http://", "json://") + path


def test_it_is_an_exporter():
    assert misfits(FACTORY) == []


def test_a_title_and_plain_text():
    with HttpRecorder(lambda _: Answer()) as there:
        assert [type(one) for one in send(notice(), notice(sequence=2, status="resolved"), urls=[local(there)])] == [
            Ok,
            Ok,
        ]
        first, last = (json.loads(one.body) for one in there.taken())
    assert first["title"].replace("\u200b", "").startswith("CRITICAL: shop/Checkout of tamyla.com")
    assert "suggestion: roll back to 1" in first["message"]
    assert (first["type"], last["type"]) == ("failure", "success")


def test_a_place_that_took_it_is_not_told_again():
    def answer(received: Received) -> Answer:
        return Answer(status=500 if received.path == "/b" and len(refused) < 1 and not refused.append(1) else 200)

    refused: list[int] = []
    with HttpRecorder(answer) as there:
        one = notice()
        verdicts = send(one, one, urls=[local(there, "/a"), local(there, "/b")])
        assert [each.path for each in there.taken()] == ["/a", "/b", "/b"]
    assert isinstance(verdicts[0], Retry)
    assert verdicts[0].at_most == 3
    assert isinstance(verdicts[1], Ok)


def test_a_place_that_takes_too_long_is_told_once():
    """The call goes on: it is waited for, not made again, and the other place has its message at once."""
    gate = threading.Event()

    def answer(received: Received) -> Answer:
        return Answer(status=200 if received.path != "/slow" or gate.wait(60) else 500)

    async def main(urls: list[str]) -> list[Verdict]:
        exporter = FACTORY.create(
            FACTORY.config.model_validate({"urls": urls, "timeout": "0.1s", "pace": {"calls": 1000}}),
            Context("x", Path()),
        )
        await exporter.start()
        message = exporter.encode_with(made(notice()), {})
        found = [await exporter.send(message), await exporter.send(message)]
        gate.set()
        deadline = time.monotonic() + 60
        while not isinstance(found[-1], Ok) and time.monotonic() < deadline:
            found.append(await exporter.send(message))
        await exporter.shutdown()
        return found

    with HttpRecorder(answer) as there:
        found = asyncio.run(main([local(there, "/slow?rto=60&cto=60"), local(there, "/fast?rto=60&cto=60")]))
        assert sorted(each.path for each in there.taken()) == ["/fast", "/slow"]
    assert all(isinstance(one, Retry) and one.at_most == 3 for one in found[:2])
    assert isinstance(found[-1], Ok)


@pytest.mark.parametrize("error", [TimeoutError(), RuntimeError("the library's own")])
def test_a_failure_is_tried_again_so_often(error: Exception):
    exporter = FACTORY.create(
        FACTORY.config.model_validate({"urls": ["json://localhost"], "attempts": 2}), Context("x", Path())
    )
    (verdict,) = exporter.classify(error)
    assert verdict.at_most == 2


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_neither_pings_nor_links(text):
    with HttpRecorder(lambda _: Answer()) as there:
        send(hostile(text), urls=[local(there)], pace={"calls": 100})
        said = [json.loads(one.body) for one in there.taken()]
    for one in said:
        shown = one["title"] + one["message"]
        assert len(shown) <= 1500
        assert all(sign.isprintable() or sign in "\n\u200b" for sign in shown)
        assert not any(bad in shown for bad in ("://", "evil.example", "@everyone", "@here", "<@U0"))


def test_a_place_that_the_library_does_not_know():
    with pytest.raises(LogboomError, match=r"urls\.1") as refused:
        send(urls=["json://localhost", "nonsense://s3cret"])
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("urls", [[], ["no url"], ["a b://x"]])
def test_options_that_make_no_sense(urls):
    with pytest.raises(ValidationError):
        AppriseConfig.model_validate({"urls": urls})


def test_nothing_shown_holds_the_secret():
    config = AppriseConfig.model_validate({"urls": ["discord://id/s3cret", "ntfys://s3cret"]})
    assert config.destination() == "discord, ntfys"
    assert "s3cret" not in repr(config) + config.model_dump_json()
