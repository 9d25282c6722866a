"""What was found, in sentences for people. Every one says its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from collector.causes.deployed import Blamed
from collector.causes.measures import Moved
from collector.causes.onset import Window

_LONGEST = 100
_NAMES = {"service": "service.name"}


def of_deployment(one: Blamed, window: Window) -> str:
    """`98 % of 412 events are from checkout 2.9.7 (first seen 4 min before; 23 % of traffic)`."""
    at = one.deployed
    when = f"{'deployed' if at.marked else 'first seen'} {span(window.since - at.since)} before"
    if not one.failed:
        return f"it began after {at.service} {at.version} was deployed ({when}; its records say no version)"
    share = percent(one.failed / one.failures)
    return f"{share} of {one.failures:,} events are from {at.service} {at.version} ({when}; {percent(one.traffic)} of traffic)"


def of_values(group: Sequence[Mapping[str, Any]]) -> str:
    """`all of 412 events have host.name web-3 (24 % of other records)`."""
    first = group[0]
    values = " and ".join(f"{_NAMES.get(one['field'], one['field'])} {one['value']}" for one in group)
    share = "all" if first["a"] == first["of_a"] else percent(first["share"])
    return f"{share} of {first['of_a']:,} events have {values} ({percent(first['share_before'])} of other records)"


def of_patterns(how: str, place: str, service: str, n: int, text: str | None) -> str:
    """New lines, and lines that are not written any more; `text`: what one of them says."""
    last = next((line.strip() for line in reversed((text or "").splitlines()) if line.strip()), "")
    where = f"“{last[:_LONGEST]}{'…' * (len(last) > _LONGEST)}”" if last else f"at {place}"
    who = service or "a service without a name"
    if how == "new":
        return f"new: {n:,} records of {who} such as {where}"
    return f"gone: {who} wrote {n:,} records such as {where} before, and none now"


def of_service(row: Mapping[str, Any]) -> str:
    """Why this service: the part that weighs most."""
    parts = {name: row[name] for name in ("moved", "entries", "slowed", "failing")}
    service = row["service"]
    match max(parts, key=lambda name: parts[name]):
        case "moved" if row["place"]:
            return (
                f"requests take another way through {service}: {percent(row['share'] or 0.0)} pass {row['place']}, "
                f"before it were {percent(row['share_before'] or 0.0)} ({row['traces'] or 0:,} traces)"
            )
        case "slowed" if row["to_ms"] is not None:
            return f"{service} is slow: {row['from_ms']:.3g} ms became {row['to_ms']:.3g} ms ({row['steps']:,} steps)"
        case "failing":
            return f"{service} fails: {row['errors'] or 0:,} errors, in {percent(row['first'])} of the failing traces the first one"
        case _:
            return f"{service} is asked for other things than before ({percent(parts['entries'])} of its requests)"


def of_measure(one: Moved) -> str:
    """`duration: median 12 became 480`."""
    return f"{one.field}: its median was {one.before:.4g} and is {one.now:.4g}"


def percent(share: float) -> str:
    """A share for people; never 100 % of what is not all, nor 0 % of what is something."""
    if 0.995 <= share < 1.0:
        return "over 99 %"
    return "under 1 %" if 0.0 < share < 0.01 else f"{100 * share:.0f} %"


def span(ns: int) -> str:
    """`4 min`."""
    seconds = max(0, ns) / 1e9
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
