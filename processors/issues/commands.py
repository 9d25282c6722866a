"""What people do with issues: `logboom.command.issue.*`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from collector.component import Applied, Command, Refused
from collector.component.commands import Value
from processors.issues import merging, reasons, sketch, traffic
from processors.issues.issue import PRIORITIES, Archived, Issue, Resolved, State
from processors.issues.lifecycle import Change, enter, reopened
from processors.issues.shelf import Shelf
from processors.issues.telling import News

FRONT = "logboom.command.issue."
ID = "logboom.issue.id"
NAMES = tuple(
    f"{FRONT}{verb}"
    for verb in ("resolve", "archive", "unarchive", "assign", "acknowledge", "merge", "split", "priority", "describe")
)
_UNTIL = ("escalating", "condition", "forever")
_LONGEST = 200
_SUMMARY, _HYPOTHESES, _PART = 2000, 5, 800


class _No(Exception):
    """Refused, and why."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command on an issue. `at`: when it was received."""

    issue: Issue
    shelf: Shelf
    said: Mapping[str, Value]
    who: str
    why: str
    at: int

    def text(self, name: str) -> str:
        """What it says of `logboom.issue.<name>`."""
        return str(self.said.get(f"logboom.issue.{name}", ""))[:_LONGEST]

    def number(self, name: str) -> int:
        """The same of a number that is 0 or more."""
        value = self.said.get(f"logboom.issue.{name}", 0)
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = -1
        if number < 0:
            raise _No(f"logboom.issue.{name}: {str(value)[:40]} is no number of 0 or more")
        return number

    def change(self, kind: str, reason: str) -> Change:
        """It, told."""
        return Change(kind, reason, self.who, self.why)


def carry_out(command: Command, shelf: Shelf) -> tuple[list[News], Issue] | Refused:
    """What it changes: the issues are saved by whoever asked. Refused in words that people understand."""
    id_ = str(command.attributes.get(ID, ""))
    issue = shelf.get(id_) if id_ else None
    if issue is None:
        return Refused(f"there is no issue {id_[:40] or '(none was named)'} in {command.domain}")
    order = Order(issue, shelf, command.attributes, command.who, command.why, command.received_unix_nano)
    try:
        return _VERBS[command.name.removeprefix(FRONT)](order), issue
    except _No as refusal:
        return Refused(str(refusal))


def _news(order: Order, change: Change) -> list[News]:
    return [News(order.issue, change, order.at)]


def _resolve(order: Order) -> list[News]:
    version, following = order.text("version"), bool(order.said.get("logboom.issue.next_release", False))
    if version and following:
        raise _No("either in a version or in the next release")
    where = f" in {version}" if version else " in the next release" if following else ""
    enter(order.issue, State.RESOLVED, order.at, f"resolved{where} by {order.who or 'somebody'}")
    order.issue.resolved = Resolved(
        order.at, version, following, reasons.versions(order.issue, order.shelf.state) if following else []
    )
    order.issue.calm()
    return _news(order, order.change("resolved", order.issue.reason))


def _archive(order: Order) -> list[News]:
    until = order.text("until") or "escalating"
    if until not in _UNTIL:
        raise _No(f"archived until what? There is {', '.join(_UNTIL)}")
    events, users, seconds = (order.number(name) for name in ("events", "users", "seconds"))
    if (until == "condition") != bool(events or users or seconds):
        raise _No("`condition` needs so many events, users or seconds, and nothing else takes them")
    issue = order.issue
    enter(
        issue,
        State.ARCHIVED,
        order.at,
        f"archived until {until} by {order.who or 'somebody'}".replace("until forever", "for ever"),
    )
    issue.archived = Archived(
        order.at, until, issue.events + events if events else 0, sketch.count(issue.users) + users if users else 0,
        order.at + seconds * 10**9 if seconds else 0,
    )  # fmt: skip
    traffic.renew(issue, order.at // traffic.HOUR)
    issue.calm()
    return _news(order, order.change("archived", issue.reason))


def _unarchive(order: Order) -> list[News]:
    if order.issue.state not in (State.ARCHIVED, State.RESOLVED):
        raise _No(f"it is {order.issue.state}, neither archived nor resolved")
    change = reopened(order.issue, order.at, f"reopened by {order.who or 'somebody'}")
    return _news(order, order.change(change.kind, change.reason))


def _assign(order: Order) -> list[News]:
    order.issue.assignee = order.text("assignee")
    to = f"assigned to {order.issue.assignee}" if order.issue.assignee else "assigned to nobody"
    return _news(order, order.change("assigned", to))


def _acknowledge(order: Order) -> list[News]:
    if not order.issue.acknowledged_at:
        order.issue.acknowledged_at, order.issue.acknowledged_by = order.at, order.who
    return _news(order, order.change("acknowledged", f"acknowledged by {order.who or 'somebody'}"))


def _priority(order: Order) -> list[News]:
    wanted = order.text("priority")
    if wanted not in (*PRIORITIES, "auto"):
        raise _No(f"a priority is one of {', '.join(PRIORITIES)}, or auto")
    order.issue.locked = wanted != "auto"
    order.issue.priority = order.issue.initial if wanted == "auto" else wanted
    return _news(order, order.change("priority", f"priority {order.issue.priority}"))


def _merge(order: Order) -> list[News]:
    names = [name for name in order.text("with").replace(",", " ").split() if name]
    others = [order.shelf.get(name) for name in names]
    if not names or None in others:
        raise _No(f"there is no issue {names[others.index(None)] if names else '(none was named)'} to merge")
    found = {each.id: each for each in others if each is not None and each.id != order.issue.id}
    if not found:
        raise _No("an issue can't be merged with itself")
    news = []
    for other in found.values():
        merging.merge(order.shelf, order.issue, other)
        gone = order.change("merged", f"merged into {order.issue.id}")
        news.append(News(other, gone, order.at, merged_into=order.issue.id))
    return [*news, *_news(order, order.change("merge", f"{len(found)} merged into it"))]


def _split(order: Order) -> list[News]:
    grouping = order.text("grouping")
    if grouping not in order.issue.variants or grouping == order.issue.id:
        there = ", ".join(key for key in order.issue.variants if key != order.issue.id) or "none"
        raise _No(f"groupings that can be split off: {there}")
    new = merging.split(order.shelf, order.issue, grouping, order.at)
    apart = order.change("split", f"{grouping} was split off")
    return [News(new, order.change("created", f"split off {order.issue.id}"), order.at), *_news(order, apart)]


def _describe(order: Order) -> list[News]:
    """What a language model wrote; kept beside what is known, never in its place."""
    summary, model = str(order.said.get("logboom.issue.summary", "")).strip(), order.text("model")
    if not summary or not model:
        raise _No("it needs a summary, and the model that wrote it")
    order.issue.generated = {
        "summary": summary[:_SUMMARY], "hypotheses": list(_hypotheses(order.said.get("logboom.issue.hypotheses", ""))), "model": model,
        "at": order.at,
    }  # fmt: skip
    return _news(order, order.change("described", f"described by {model}"))


def _hypotheses(said: Value) -> Iterator[dict[str, str]]:
    try:
        found = orjson.loads(str(said) or "[]")
    except ValueError:
        raise _No("logboom.issue.hypotheses: a list as JSON") from None
    for one in found[:_HYPOTHESES] if isinstance(found, list) else ():
        if isinstance(one, dict) and one.get("claim"):
            yield {part: str(one[part])[:_PART] for part in ("claim", "evidence", "check") if one.get(part)}


_VERBS: Mapping[str, Callable[[Order], list[News]]] = {
    "resolve": _resolve, "archive": _archive, "unarchive": _unarchive, "assign": _assign, "acknowledge": _acknowledge,
    "merge": _merge, "split": _split, "priority": _priority, "describe": _describe,
}  # fmt: skip


def told(issue: Issue) -> Applied:
    """What is true now, for whoever waits."""
    said: dict[str, Value] = {
        "id": issue.id, "state": str(issue.state), "priority": issue.priority, "assignee": issue.assignee,
        "reason": issue.reason, "title": issue.title, "events": issue.events,
    }  # fmt: skip
    return Applied(said)
