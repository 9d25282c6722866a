"""Issues to a language model, and what it writes back to `issues`, as a command of the control journal.

    encode_with: briefing ► known already? ► send: budget ► call ► budget ► command on disk ► Ok(receipt)

What was paid for and not handed over yet is kept in memory, so a control socket that is away costs no second call; a death in between does, within
the budget.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.causes.briefing import Briefing, briefing
from collector.component import Context
from collector.control.asking import NotRunning, NotTaken, ask
from collector.control.command import command
from collector.notices.http_messenger import fields, word
from collector.outcomes import Blocked, Ok, ReceiptKey, Reject, Retry, Verdict, Verdicts
from collector.store.describing import described
from collector.store.projection import VERSION_ATTRIBUTE
from collector.store.projections import ISSUES
from collector.transport.auth import client_authenticator
from collector.transport.day_budget import Amounts, DayBudget
from collector.transport.http_answers import unanswered, verdict
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.openai.config import OpenAiConfig
from exporters.openai.conversation import Written, estimated, forms, read, tokens

ISSUE = "logboom.issue.id"
DESCRIBE = "logboom.command.issue.describe"
_MILLION = 1e6
_FORM = frozenset({400, 422})
_UNBILLED = _FORM | {401, 403, 404, 429}
"""Nothing was made; of what fails otherwise nobody knows."""
_AT_MOST = 3
_MOST_HELD = 100
_MAX_ANSWER_BYTES = 1 << 20
_SPENT = "the budget of the day is spent: no model is asked until midnight (UTC)"
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TEXT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """An issue, as it is shown. `version`: of the event that tells it."""

    domain: str
    issue: str
    version: int
    briefing: Briefing

    @property
    def key(self) -> ReceiptKey:
        """Under which it is remembered that it was answered."""
        return self.domain, self.issue

    @property
    def id(self) -> str:
        """Of the command: the same for the same question."""
        return f"describe-{self.issue}-{self.briefing.digest}-{self.version:x}"[:64]


class OpenAiExporter:
    """One call an issue, in order; the newest word counts."""

    def __init__(self, config: OpenAiConfig, context: Context) -> None:
        self._config = config
        self._root = context.data_dir
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key := config.api_key.get_secret_value():
            self._headers["Authorization"] = f"Bearer {key}"
        budget = config.budget
        limits = {"calls": budget.calls_per_day, "tokens": budget.tokens_per_day, "cost": budget.cost_per_day}
        self._budget = DayBudget(context.data_dir / f"{context.id.replace('/', '-')}.budget", limits)
        self._who = f"{config.model} ({context.id})"
        self._form = 0
        self._held: OrderedDict[str, Written] = OrderedDict()
        self._counts = {"model_calls": 0, "model_tokens": 0, "model_refused": 0}

    @property
    def takes_events(self) -> Sequence[str]:
        """What happens to issues, as far as `on` names it."""
        return [f"logboom.issue.{occasion}" for occasion in self._config.on]

    @property
    def receipts_for_secs(self) -> float:
        """As long as an issue is not written about again."""
        return self._config.again_after + 86_400.0

    def order_by(self, batch: LogBatch) -> pl.Series:
        """By issue."""
        return batch.attribute_text(ISSUE)

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """An issue."""
        return batch.attribute_text(ISSUE)

    def version(self, batch: LogBatch) -> pl.Series:
        """Of two events of an issue that wait the newer one tells all."""
        return batch.attribute_text(VERSION_ATTRIBUTE).cast(pl.Int64, strict=False)

    def encode(self, batch: LogBatch) -> Question | None:
        """As `encode_with`, without a memory."""
        return self.encode_with(batch, {})

    def encode_with(self, batch: LogBatch, receipts: Mapping[ReceiptKey, bytes]) -> Question | None:
        """The issue as the newest event tells it; None where nothing is to be written about it."""
        told = described(batch, _TEXT_BYTES, (ISSUES,))
        if not told:
            return None
        row = told[0].rows.sort("version", "event_id").row(-1, named=True)
        if row["priority"] not in self._config.priorities:
            return None
        shown = briefing(row, most_characters=self._config.max_input_characters)
        question = Question(row["domain"], row["issue_id"], int(row["version"]), shown)
        return None if self._known(receipts.get(question.key), shown.digest) else question

    def _known(self, receipt: bytes | None, digest: str) -> bool:
        """It was written about, and there is nothing else to say."""
        said = orjson.loads(receipt) if receipt else {}
        return said.get("digest") == digest and time.time() - said.get("at", 0) < self._config.again_after

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def send(self, request: Question | None) -> Verdict:
        """Ask, and hand over what was written."""
        if request is None:
            return Ok()
        written = self._held.get(request.id)
        if written is None:
            found = await self._asked(request)
            if not isinstance(found, Written):
                return found
            written = self._hold(request, found)
        return await self._handed_over(request, written)

    async def _asked(self, question: Question) -> Written | Verdict:
        config = self._config
        said = forms(config.model, config.language, question.briefing.text, config.max_tokens_written)
        most = self._cost(estimated(said[0]), config.max_tokens_written)
        taken = await asyncio.to_thread(self._budget.take, most)
        if taken is None:
            self._counts["model_refused"] += 1
            return Ok(rejected=1, warning=_SPENT)
        answer = await self._answer(said)
        used = tokens(answer.body)
        if answer.status >= 300:
            if answer.status in _UNBILLED:
                await asyncio.to_thread(self._budget.settle, taken, {"calls": 1.0})
            return _refusal(answer)
        self._counts["model_calls"] += 1
        self._counts["model_tokens"] += sum(used or (0, 0))
        await asyncio.to_thread(self._budget.settle, taken, self._cost(*used) if used else most)
        return read(answer.body) or Retry("the model wrote nothing that can be used", at_most=_AT_MOST)

    def _cost(self, read_tokens: int, written_tokens: int) -> Amounts:
        budget = self._config.budget
        money = (read_tokens * budget.input_price + written_tokens * budget.output_price) / _MILLION
        return {"calls": 1.0, "tokens": float(read_tokens + written_tokens), "cost": money}

    async def _answer(self, said: Sequence[Any]) -> HttpAnswer:
        """In the best form that is taken; the next call begins with that one."""
        answer = await self._post(said[self._form])
        for at in range(self._form + 1, len(said)):
            if answer.status not in _FORM:
                break
            answer = await self._post(said[at])
            self._form = self._form if answer.status in _FORM else at
        return answer

    async def _post(self, form: Any) -> HttpAnswer:
        body = self._client.compressed(orjson.dumps(form))
        return await self._client.request("POST", self._config.address, body, self._headers, _MAX_ANSWER_BYTES)

    def _hold(self, question: Question, written: Written) -> Written:
        while len(self._held) >= _MOST_HELD:
            self._held.popitem(last=False)
        self._held[question.id] = written
        return written

    async def _handed_over(self, question: Question, written: Written) -> Verdict:
        said = {
            ISSUE: question.issue, "logboom.issue.summary": written.summary, "logboom.issue.model": self._config.model,
            "logboom.issue.hypotheses": orjson.dumps(written.hypotheses).decode(),
        }  # fmt: skip
        record = command(DESCRIBE, question.domain, said, who=self._who, id_=question.id)
        try:
            await asyncio.to_thread(ask, self._root, record)
        except NotRunning as error:
            return Retry(str(error))
        except NotTaken as error:
            return Reject(f"what was written is not taken: {error}")
        self._held.pop(question.id, None)
        receipt = orjson.dumps({"digest": question.briefing.digest, "at": int(time.time())})
        return Ok(receipts={question.key: receipt})

    def classify(self, answer: Verdict | Exception) -> Verdicts:
        """What `send` found. A call without an answer is made again twice: it may have been billed."""
        return [unanswered(answer, at_most=_AT_MOST) if isinstance(answer, Exception) else answer]

    def counters(self) -> Mapping[str, int]:
        """Calls, tokens, and what there was no budget for."""
        return self._counts


def _refusal(answer: HttpAnswer) -> Verdict:
    """Of an answer that is none only the error's name is repeated: the rest may hold what was sent."""
    error = fields(answer).get("error")
    named = word(error.get("code")) or word(error.get("type")) if isinstance(error, dict) else ""
    if answer.status in _FORM:
        return Reject(f"the model's API does not take it ({named or answer.status})")
    if named in _NO_MONEY:
        return Blocked(f"the account has no money left ({named})")
    found = verdict(answer, named)
    return (
        Retry(found.reason, after_secs=found.after_secs, throttled=found.throttled, at_most=_AT_MOST)
        if isinstance(found, Retry)
        else found
    )
