"""The operator's own words for a notice, in Jinja: a title, and a note below it. What senders wrote goes in as data, and what comes out is text like
any other: each exporter escapes it for the place where it stands. A template that fails on a notice costs nothing but itself: the usual words are said.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from collector.notices.notice import Alert, Notice
from collector.notices.wording import facts

_MOST = 1000
_OF_ALERTS = ("firing", "resolved")
_log = logging.getLogger(__name__)


class Words(Protocol):
    """Options of templates."""

    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...


@runtime_checkable
class HasTemplate(Protocol):
    """Options of an exporter with words of the operator's own."""

    @property
    def template(self) -> Words: ...


def templates_of(options: object) -> Templates:
    """Those that options say; none where they have none."""
    return Templates(options.template.title, options.template.note) if isinstance(options, HasTemplate) else Templates()


class Templates:
    """Of an exporter; empty ones change nothing.

    Args:
        title: takes the place of the line that says it all; `note`: stands below the facts.
    """

    def __init__(self, title: str = "", note: str = "") -> None:
        self._sources = {name: source for name, source in (("title", title), ("note", note)) if source}
        self._told = False

    def check(self) -> None:
        """Raises `ValueError` for what is no template, names what there is not, or fails on a notice that has everything, or nothing. What lies below a
        name may be absent: it is empty then."""
        for name, source in self._sources.items():
            try:
                self._check_names(source)
                for notice in (_FULL, _BARE):
                    self._rendered(name, notice)
            except Exception as error:  # noqa: BLE001  whatever a template does
                raise ValueError(f"template.{name}: {_said(error)}") from None

    @staticmethod
    def _check_names(source: str) -> None:
        from jinja2 import meta
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        known = values(_FULL).keys()
        unknown = sorted(
            meta.find_undeclared_variables(ImmutableSandboxedEnvironment().parse(source)) - {*known, "range", "dict"}
        )
        if unknown:
            raise NameError(f"there is no {unknown[0]}: there are {', '.join(known)}")

    def applied(self, notice: Notice) -> Notice:
        """The notice in these words."""
        if not self._sources or notice.status not in _OF_ALERTS:
            return notice
        said = {name: self._tried(name, notice) for name in self._sources}
        notes = {"note": said["note"]} if said.get("note") else {}
        return replace(notice, text=said.get("title") or notice.text, notes={**notice.notes, **notes})

    def _tried(self, name: str, notice: Notice) -> str:
        try:
            return self._rendered(name, notice)
        except Exception as error:  # noqa: BLE001  a notice that is not told is worse than one in other words
            if not self._told:
                _log.warning("template.%s fails, the usual words are said: %s", name, _said(error))
            self._told = True
            return ""

    def _rendered(self, name: str, notice: Notice) -> str:
        text: str = self._compiled[name].render(values(notice))
        return text.strip()[:_MOST]

    @cached_property
    def _compiled(self) -> Mapping[str, Any]:
        from jinja2 import ChainableUndefined  # only where there are templates
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        made = ImmutableSandboxedEnvironment(autoescape=False, undefined=ChainableUndefined)
        return {name: made.from_string(source) for name, source in self._sources.items()}


def values(notice: Notice) -> dict[str, Any]:
    """What a template may name."""
    alerts = [
        {"summary": one.annotations.get("summary", ""), "status": one.status, "labels": dict(one.labels), "count": one.count,
         "since": one.starts, "samples": list(one.samples), "annotations": dict(one.annotations)}
        for one in notice.alerts
    ]  # fmt: skip
    since = datetime.fromtimestamp(notice.started / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "text": notice.text, "level": notice.level, "status": notice.status, "reason": notice.reason, "count": notice.count,
        "labels": dict(notice.labels), "facts": dict(facts(notice)), "alerts": alerts, "truncated": notice.truncated,
        "flapped": notice.flapped, "since": since, "group": notice.group, "receiver": notice.receiver, "domain": notice.domain,
        "acknowledged": notice.acknowledged,
    }  # fmt: skip


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n", 1)[0][:200]


_FULL = Notice(
    "0" * 32, "x", 1, "page", "firing", "first notification", "critical", 0, 12, {"domain": "example.com", "service": "shop"},
    [Alert("f" * 16, "firing", {"domain": "example.com", "service": "shop", "level": "critical"},
           {"summary": "payment failed", "cause": "a deployment", "suggestion": "roll back"}, "1970-01-01T00:00:00Z", "", 12, ("payment failed",))],
    "CRITICAL: shop of example.com: payment failed, 12 since 1970-01-01T00:00:00Z",
)  # fmt: skip
_BARE = replace(_FULL, labels={}, alerts=[], status="resolved")
