"""A language model writes about issues: redacted, once, within the budget of a day; what it writes is a command of the control journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Blocked, Ok, ReceiptKey, Reject, Retry, Verdict
from collector.testing.contract import misfits
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from counterparts.vendors.model import ANSWER, KEY, Model
from exporters.openai import FACTORY
from exporters.openai.conversation import read
from exporters.openai.exporter import OpenAiExporter
from unit.control.conftest import Slot

OPTIONS: dict[str, Any] = {"endpoint": "https://models.example/v1", "api_key": KEY, "model": "small-1"}


class Desk:
    """An exporter with a model, and the control journal that takes what it writes."""

    def __init__(self, slot: Slot, model: Model, **options: Any) -> None:
        self.slot, self.model = slot, model
        self.options = {**OPTIONS, **options}
        self.receipts: dict[ReceiptKey, bytes] = {}
        self.exporter = self.made()

    def made(self) -> OpenAiExporter:
        """A new process's."""
        config = FACTORY.config.model_validate(self.options)
        exporter: OpenAiExporter = FACTORY.create(config, Context("openai", self.slot.root))
        exporter._client = self.model  # type: ignore[assignment]
        return exporter

    def tell(self, *batches: LogBatch) -> list[Verdict]:
        """Events, one after the other."""

        async def main() -> list[Verdict]:
            found = []
            for batch in batches:
                try:
                    answer: Any = await self.exporter.send(self.exporter.encode_with(batch, self.receipts))
                except Exception as error:  # noqa: BLE001  delivery does the same
                    answer = error
                (verdict,) = self.exporter.classify(answer)
                self.receipts |= {key: value for key, value in getattr(verdict, "receipts", {}).items() if value}
                found.append(verdict)
            return found

        return asyncio.run(main())


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    made = Slot(tmp_path / "data")
    made.start()
    yield made
    made.stop()


def event(issue: str = "a" * 16, version: int = 1, kind: str = "created", **said: Any) -> LogBatch:
    """What `issues` tells."""
    own = {
        "id": issue, "title": "no paper for anna@tamyla.com", "priority": "high", "state": "new", "level": "critical", "events": 7,
        "samples": orjson.dumps([["r1", 1_800_000_000 * 10**9, "password=hunter2: no paper"]]).decode(), **said,
    }  # fmt: skip
    attributes = [(f"logboom.issue.{name}", value) for name, value in own.items()]
    row = Row("r" * 26, [*attributes, ("logboom.version", version)], fields={"domain": "tamyla.com"})
    return marked(batch_of([row]), [f"logboom.issue.{kind}"])


def test_it_fits() -> None:
    assert misfits(FACTORY) == []


def test_an_issue_is_shown_redacted_and_what_is_written_is_a_command(slot: Slot) -> None:
    model = Model()
    (verdict,) = Desk(slot, model).tell(event())
    assert isinstance(verdict, Ok)
    (shown,) = model.shown
    assert shown["issue"]["title"] == "no paper for ****"
    assert shown["samples"] == ["password=**** no paper"]
    assert "tamyla.com" not in model.asked[0].body.decode()
    assert slot.entries() == 1


def test_of_one_fault_it_writes_once(slot: Slot) -> None:
    """More of the same is not asked again, by no process; another fault, or a cause that became known, is."""
    model = Model()
    desk = Desk(slot, model)
    desk.tell(event(), event(version=2, kind="escalating", events=700))
    desk.exporter = desk.made()
    desk.tell(event(version=3, kind="regressed", events=900))
    assert (len(model.asked), slot.entries()) == (1, 1)
    desk.tell(event(version=4, cause="all are from shop 1.1"), event("b" * 16))
    assert (len(model.asked), slot.entries()) == (3, 3)


@pytest.mark.parametrize("said", [{"priority": "medium"}, {"priority": ""}], ids=["medium", "none"])
def test_what_is_not_urgent_is_not_shown(slot: Slot, said: dict[str, Any]) -> None:
    model = Model()
    assert Desk(slot, model).tell(event(**said)) == [Ok()]
    assert model.asked == []


@pytest.mark.parametrize(
    "budget", [{"calls_per_day": 2}, {"tokens_per_day": 6500}, {"cost_per_day": 0.009}], ids=["calls", "tokens", "cost"]
)
def test_a_day_costs_no_more(slot: Slot, budget: dict[str, Any]) -> None:
    """Whatever is bounded, in whatever process; what is not asked is told, and kept nowhere."""
    model = Model(usage={"prompt_tokens": 900, "completion_tokens": 1400})
    desk = Desk(slot, model, budget={**budget, "input_price": 1.0, "output_price": 2.0})
    first = desk.tell(*(event(f"{n:016x}") for n in range(4)))
    desk.exporter = desk.made()
    (last,) = desk.tell(event("f" * 16))
    assert len(model.asked) == 2
    assert [isinstance(one, Ok) and one.rejected for one in [*first, last]] == [0, 0, 1, 1, 1]
    assert "until midnight" in getattr(last, "warning", "")
    assert desk.exporter.counters()["model_refused"] == 1


def test_a_server_that_says_no_usage_counts_as_the_most(slot: Slot) -> None:
    model = Model(usage=None)
    desk = Desk(slot, model, budget={"tokens_per_day": 3000})
    desk.tell(event(), event("b" * 16))
    assert len(model.asked) == 1


@pytest.mark.parametrize(("script", "asked"), [("401", 2), ("404", 2), ("429", 2), ("500", 1), ("408", 1), ("lost", 1)])
def test_a_call_that_may_have_been_billed_counts_as_the_most(slot: Slot, script: str, asked: int) -> None:
    """A refusal that no model saw costs the call alone."""
    model = Model(script=[script])
    Desk(slot, model, budget={"tokens_per_day": 3000}).tell(event(), event("b" * 16))
    assert len(model.asked) == asked


def test_older_servers_are_asked_in_their_words(slot: Slot) -> None:
    """And the next time at once."""
    model = Model(knows=("model", "messages", "max_tokens"))
    desk = Desk(slot, model)
    desk.tell(event(), event("b" * 16))
    assert [sorted(one.json.keys() - {"model", "messages"}) for one in model.asked] == [
        ["max_completion_tokens", "response_format"], ["max_tokens", "response_format"], ["max_tokens"], ["max_tokens"],
    ]  # fmt: skip
    assert slot.entries() == 2


BEFALLS: dict[str, tuple[str, type[Verdict], str]] = {
    "too fast": ("429", Retry, "rate_limit_exceeded"), "no money": ("402", Blocked, "insufficient_quota"), "away": ("500", Retry, "server_error"),
    "no answer": ("lost", Retry, ""), "a wrong key": ("401", Blocked, "server_error"),
}  # fmt: skip


@pytest.mark.parametrize("case", BEFALLS.values(), ids=BEFALLS)
def test_what_may_befall(slot: Slot, case: tuple[str, type[Verdict], str]) -> None:
    """Asked again at most twice, for it may have been billed; nothing of an answer but the error's name is repeated."""
    script, kind, word = case
    (verdict,) = Desk(slot, Model(script=[script])).tell(event())
    assert isinstance(verdict, kind)
    assert word in verdict.reason  # type: ignore[union-attr]
    assert "s3cret" not in verdict.reason  # type: ignore[union-attr]
    assert getattr(verdict, "at_most", 3) == 3
    assert slot.entries() == 0


def test_nothing_is_paid_twice_for_a_control_socket_that_is_away(slot: Slot) -> None:
    model = Model()
    desk = Desk(slot, model)
    slot.stop()
    (away,) = desk.tell(event())
    assert isinstance(away, Retry)
    slot.start()
    (taken,) = desk.tell(event())
    assert isinstance(taken, Ok)
    assert (len(model.asked), slot.entries()) == (1, 1)


def test_what_nobody_takes_is_set_aside(slot: Slot) -> None:
    """No domain of ours any more."""
    slot.stop()
    slot.start(admits=lambda record: f"{record.domain} is not known here")
    (verdict,) = Desk(slot, Model()).tell(event())
    assert isinstance(verdict, Reject)


ANSWERS: dict[str, tuple[str, tuple[str, int] | None]] = {
    "as asked": (orjson.dumps(ANSWER).decode(), ("Orders fail since 1.2.", 1)),
    "in a fence": (f"Sure!\n```json\n{orjson.dumps(ANSWER).decode()}\n```", ("Orders fail since 1.2.", 1)),
    "words alone": ("It is the till.", ("It is the till.", 0)), "nothing": ("  ", None),
    "other shapes": ('{"summary": "x", "hypotheses": [1, {"evidence": "y"}, {"claim": {"a": 1}}]}', ("x", 1)),
    "escape sequences": ('{"summary": "\\u001b[31mred\\u202e"}', ("\\x1b[31mred\\u202e", 0)),
    "no list": ('{"summary": "x", "hypotheses": "y"}', ("x", 0)), "a book": ("w" * 10_000, ("w" * 1500, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
def test_what_a_model_may_write(case: tuple[str, tuple[str, int] | None]) -> None:
    content, wanted = case
    found = read(orjson.dumps({"choices": [{"message": {"content": content}}]}))
    assert (found and (found.summary, len(found.hypotheses))) == wanted


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": {"content": null}}]}']
)
def test_what_is_no_answer(body: bytes) -> None:
    assert read(body) is None


WRONG: dict[str, dict[str, Any]] = {
    "in the clear": {"endpoint": "http://models.example/v1"}, "other events": {"events": True}, "no prices": {"budget": {"cost_per_day": 1}},
    "no model": {"model": ""}, "two credentials": {"auth": {"authenticator": "x"}},
}  # fmt: skip


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({**OPTIONS, **options})
    assert FACTORY.config.model_validate({**OPTIONS, "endpoint": "http://localhost:11434/v1", "api_key": ""})
