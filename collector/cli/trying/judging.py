"""Is what came out what was expected? Each difference is a line or some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.batch import LogBatch
from collector.cli.trying.asked import condition
from collector.cli.trying.records import Record, as_shown, changes, records_of
from collector.cli.trying.suite import Case, Expected, SuiteError
from collector.cli.trying.trial import Tried
from collector.visible import visible, visible_json

_OWN = "logboom."


def differences(case: Case, pipeline: str, tried: Tried) -> list[str]:
    """What is not as the test says; nothing where all is."""
    found = [f"failed: {visible(reason)}" for reason in tried.failed]
    for expected in case.expect:
        name = expected.pipeline or pipeline
        place = name if expected.behind is None else f"{name}, behind {expected.behind}"
        sent, made = _at(expected, name, tried)
        found += [f"{place}: {line}" for line in _judged(expected, sent, made)]
    return found


def _at(expected: Expected, pipeline: str, tried: Tried) -> tuple[LogBatch, LogBatch]:
    """What was sent, and what components made. Raises `SuiteError`: there is no such place."""
    if pipeline not in tried.pipelines:
        raise SuiteError(f"{pipeline!r} gets none of this: there is {', '.join(tried.pipelines)}")
    if expected.behind is not None:
        places = [name for owner, name in tried.behind if owner == pipeline and name]
        if expected.behind not in places:
            raise SuiteError(f"no processor {expected.behind!r} in {pipeline}: there is {', '.join(places) or 'none'}")
        batch = tried.behind[pipeline, expected.behind]
    else:
        batch = tried.left.get(pipeline, LogBatch.empty())
    made = batch.generation
    return (batch, LogBatch.empty()) if made is None else (batch.filter(made == 0), batch.filter(made > 0))


def _judged(expected: Expected, sent: LogBatch, made: LogBatch) -> Iterator[str]:
    if expected.count is not None and expected.count != len(sent):
        yield f"{expected.count} expected, {len(sent)} left"
    if expected.records is not None:
        yield from _compared("records", expected.records, records_of(sent) if len(sent) else [])
    if expected.events is not None:
        yield from _compared("events", expected.events, records_of(made) if len(made) else [])
    for text in expected.all:
        for record, answer in zip(records_of(sent), condition(text)(sent), strict=True) if len(sent) else ():
            if not answer:
                yield f"not so: {text}\n    {visible_json(record)}"
    for text in expected.any:
        if not (len(sent) and any(condition(text)(sent))):
            yield f"of none of {len(sent)}: {text}"


def _compared(what: str, expected: Sequence[Record], found: Sequence[Record]) -> Iterator[str]:
    """Each that is expected takes one that is equal; those that stay over are shown beside the nearest one that does."""
    left = list(found)
    missing = []
    for wanted in map(as_shown, expected):
        same = next((each for each in left if not _unlike(wanted, each)), None)
        if same is None:
            missing.append(wanted)
        else:
            left.remove(same)
    if len(expected) != len(found):
        yield f"{len(expected)} {what} expected, {len(found)} left"
    for wanted in missing:
        near = min(left, key=lambda each: len(_unlike(wanted, each)), default=None)
        if near is None:
            yield f"missing: {visible_json(wanted)}"
            continue
        left.remove(near)
        yield f"otherwise: {visible_json(near)}\n" + "\n".join(_unlike(wanted, near))
    for each in left:
        yield f"not expected: {visible_json(each)}"


def _unlike(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """A line for each field that differs, of those that are written."""
    asked = {name: _asked(wanted[name], found.get(name)) for name in wanted}
    return [
        f"    {name}: - {_text(before)}\n    {' ' * len(name)}  + {_text(after)}"
        for name, before, after in changes({name: _plain(value) for name, value in wanted.items()}, asked)
    ]


def _asked(wanted: Any, found: Any) -> Any:
    """Of a map, without what logboom itself adds and the test does not name."""
    if isinstance(wanted, Mapping):
        return {key: each for key, each in (found or {}).items() if key in wanted or not key.startswith(_OWN)}
    return _plain(wanted) if found is None and _plain(wanted) is None else found


def _plain(value: Any) -> Any:
    """An empty text says nothing."""
    return None if value == "" else value


def _text(value: Any) -> str:
    return "(absent)" if value is None else visible(json.dumps(value, ensure_ascii=False, default=bytes.hex))
