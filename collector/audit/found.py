"""Checkpoints among what other destinations keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from collector.audit.checkpoint import Checkpoint


def by_domain(checkpoints: Iterable[Checkpoint]) -> dict[str, list[Checkpoint]]:
    """Each domain's."""
    found: dict[str, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        found.setdefault(checkpoint.domain, []).append(checkpoint)
    return found


def of_lines(lines: Iterable[str]) -> Iterator[Checkpoint]:
    """Checkpoints among what another destination keeps, a JSON value a line: OTLP, documents, rows of a query. Lines that are no JSON are passed over."""
    for line in lines:
        try:
            value = orjson.loads(line)
        except ValueError:
            continue
        yield from _within(value)


def _within(value: Any) -> Iterator[Checkpoint]:
    """In whatever nesting: the attributes stand together, by name, or as OTLP's list."""
    if isinstance(value, str):
        if '"logboom.audit.signature"' in value:  # attributes as a text of JSON, as a store has them
            yield from of_lines([value])
    elif isinstance(value, list):
        pairs = {
            each["key"]: _plain(each.get("value"))
            for each in value
            if isinstance(each, dict) and isinstance(each.get("key"), str)
        }
        if (found := Checkpoint.read(pairs)) is not None:
            yield found
        else:
            for each in value:
                yield from _within(each)
    elif isinstance(value, dict):
        if (found := Checkpoint.read(_flat(value))) is not None:
            yield found
        else:
            for each in value.values():
                yield from _within(each)


def _plain(value: Any) -> Any:
    """Of OTLP's `{"stringValue": …}`."""
    return next(iter(value.values()), None) if isinstance(value, dict) and len(value) == 1 else value


def _flat(value: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """Names with dots, also where a store made objects of them."""
    flat: dict[str, Any] = {}
    for key, each in value.items():
        name = f"{front}{key}"
        if isinstance(each, dict) and (name in ("logboom", "logboom.audit") or key == "logboom"):
            flat |= _flat(each, f"{name}.")
        else:
            flat[name] = each
    return flat
