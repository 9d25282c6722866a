"""What a reply of the HTTP Event Collector means for the events of one call.

code                                what it means
0, or nothing at all (empty 200)    delivered (received; with acknowledgement: has a number to ask by)
1 2 3 4 16 21 22                    the token: blocked; one that a resource named: its records are dead letters
10 11 14                            the channel, or its acknowledgement: blocked
5 6 12 13 15, with an event number  that event is a dead letter, the others go again
7                                   an index that an attribute named: that event is a dead letter; else blocked
8 9 18 19 20                        again, not before `Retry-After`
413, "Content-Length too big"       halved
2xx that says something else        blocked: a proxy's page, a wrong port
others                              by HTTP's table (`collector.transport.http_answers`)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collector.outcomes import Blocked, Reject, Retry, Split, Verdict
from collector.transport import http_answers
from collector.transport.acceptance import Acceptance, json_object, says_no
from collector.transport.http_client import HttpAnswer

_TOKEN = frozenset({1, 2, 3, 4, 16, 21, 22})
NO_CHANNEL, INVALID_CHANNEL, NO_ACKNOWLEDGEMENT = 10, 11, 14
_EVENT = frozenset({5, 6, 12, 13, 15})
INDEX = 7
_BUSY = frozenset({8, 9, 18, 19, 20})
_KNOWN = _TOKEN | _EVENT | _BUSY | {INDEX, NO_CHANNEL, INVALID_CHANNEL, NO_ACKNOWLEDGEMENT}
"""Codes of refusals."""
_TOO_BIG = "content-length too big"
_OLD_GATEWAY = b'"OK"'
"""What otelcol's receiver said for years."""


def _received(answer: HttpAnswer) -> bool:
    told = json_object(answer)
    if told is None:
        return answer.body.strip() == _OLD_GATEWAY
    return told.get("code") == 0 or (_number(told.get("code")) not in _KNOWN and told.get("text") == "Success")


def _asked(answer: HttpAnswer) -> bool:
    told = json_object(answer)
    return told is not None and isinstance(told.get("acks"), dict)


def _well(answer: HttpAnswer) -> bool:
    told = json_object(answer)
    return told is not None and not says_no(told) and _number(told.get("code")) not in _KNOWN


RECEIVED = Acceptance("Splunk", says_so=_received)
"""`{"text":"Success","code":0}`; some intakes say nothing, or number success otherwise."""
ACKNOWLEDGEMENTS = Acceptance("Splunk", empty=False, says_so=_asked)
"""`{"acks":{"5":true}}`"""
WELL = Acceptance("Splunk", says_so=_well)
"""`{"text":"HEC is healthy","code":17}`, of other intakes any code that means no trouble."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The JSON of an answer: -1 and None where it does not say. `objection`: why a 2xx is not the server's yes."""

    status: int
    text: str = ""
    code: int = -1
    ack_id: int | None = None
    event: int | None = None
    objection: str = ""

    @property
    def succeeded(self) -> bool:
        """The server said yes, itself."""
        return 200 <= self.status < 300 and not self.objection

    @property
    def busy(self) -> bool:
        """It will take more later."""
        return self.code in _BUSY

    @property
    def too_large(self) -> bool:
        """The body is larger than the server takes."""
        return self.status == 413 or (self.status == 400 and _TOO_BIG in self.text.lower())

    @property
    def named_event(self) -> int | None:
        """The number of the one event that is to blame, counted from 0."""
        return self.event if self.code in _EVENT | {INDEX} else None

    @property
    def reason(self) -> str:
        """`400 Bad Request: Invalid data format (code 6)`."""
        said = f"{self.text} (code {self.code})" if self.code >= 0 else self.text
        return http_answers.described(self.status, said)


def read(answer: HttpAnswer, taken: Acceptance = RECEIVED) -> Reply:
    """What the server says; other things than HEC's JSON are not repeated, they may be anything."""
    objection = taken.objection(answer) if 200 <= answer.status < 300 else ""
    found = json_object(answer)
    if found is None:
        text = _TOO_BIG if _TOO_BIG.encode() in answer.body.lower() else ""
        return Reply(answer.status, text, objection=objection)
    code = _number(found.get("code"))
    return Reply(
        answer.status,
        str(found.get("text", ""))[:500],
        -1 if code is None else code,
        _number(found.get("ackId")),
        _number(found.get("invalid-event-number")),
        objection,
    )


def verdict(answer: HttpAnswer, reply: Reply, *, own_token: bool = False) -> Verdict:
    """The meaning for all events of the call; `named_event` and `too_large` are the caller's to see first.

    Args:
        own_token: the token came with the records. Then it is theirs to be wrong, and blocks nobody else.
    """
    if reply.code in _TOKEN or (own_token and reply.status in (401, 403)):
        return Reject(reply.reason) if own_token else Blocked(reply.reason)
    if reply.code == NO_CHANNEL:
        return Blocked(f"{reply.reason}: the token has indexer acknowledgement on, set `acknowledgement.enabled: true`")
    if reply.code in (INVALID_CHANNEL, NO_ACKNOWLEDGEMENT, INDEX):
        return Blocked(reply.reason)
    if reply.busy:
        after = http_answers.retry_after_secs(answer)
        return Retry(reply.reason, after_secs=after, throttled=reply.status == 503)
    if reply.code in _EVENT or reply.too_large:
        return Split(reply.reason)
    return http_answers.verdict(answer, reply.reason.partition(": ")[2], RECEIVED)


def verdict_of_event(reply: Reply, index: str, configured: str) -> Verdict:
    """The meaning for the event that the reply names: `index` is the event's own, `configured` the options'."""
    if reply.code == INDEX and index in ("", configured):
        return Blocked(reply.reason)
    return Reject(reply.reason)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
