"""What Slack's answers mean. A bot's methods answer 200 whatever happened, and say it in `ok` and `error`; a webhook says a bare word.

Source: Slack, `chat.postMessage`, `chat.update`, "Handling errors" of incoming webhooks.
"""

from __future__ import annotations

from collector.notices.http_messenger import fields, word
from collector.outcomes import Blocked, Ok, Reject, Retry, Verdict
from collector.transport.http_answers import verdict_of
from collector.transport.http_client import HttpAnswer

_AGAIN = frozenset({
    "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "rollup_error", "team_added_to_org",
})  # fmt: skip
_FORM = frozenset({
    "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text", "invalid_payload", "invalid_attachments",
    "too_many_attachments", "invalid_arguments", "invalid_metadata_format", "block_mismatch", "markdown_text_conflict",
})  # fmt: skip
_GONE = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message", "invalid_ts_latest",
})  # fmt: skip
_TOO_LARGE = 413


def said(answer: HttpAnswer) -> str:
    """The error's name; empty when it went well, or nobody said."""
    if answer.status == 200 and answer.body.strip() == b"ok":
        return ""
    found = fields(answer)
    if found:
        return "" if found.get("ok") is True else word(found.get("error")) or "no reason"
    return word(answer.body.decode(errors="replace").strip()) if answer.status >= 400 else "no word of Slack"


def refused_form(answer: HttpAnswer) -> bool:
    """It is about what the message looks like."""
    return answer.status == _TOO_LARGE or said(answer) in _FORM


def gone(answer: HttpAnswer) -> bool:
    """The message that was to be changed or answered is not there any more, or not ours to change."""
    return said(answer) in _GONE


def verdict(answer: HttpAnswer) -> Verdict:
    """Of the last of some calls."""
    why = said(answer)
    if answer.status == 200 and not why:
        return Ok()
    if refused_form(answer):
        return Reject(f"Slack takes it in no form: {why}")
    if answer.status != 200:
        return verdict_of(answer, lambda _: why)
    if why in _AGAIN:
        return Retry(f"Slack says {why}", throttled=True)
    return Blocked(f"Slack says {why}")
