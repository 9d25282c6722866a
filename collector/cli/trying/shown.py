"""What a trial showed: pages for people, a JSON object for each record behind each stage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from collector.batch import LogBatch
from collector.cli.trying.records import Record, changes, records_of
from collector.cli.trying.trial import Tried
from collector.settings import Settings
from collector.visible import visible, visible_json


class Stage(NamedTuple):
    """Records by id, as they left a processor of a pipeline, came to it (`received`), or to its end (`left`)."""

    pipeline: str
    name: str
    records: Mapping[str, Record]


def stages(tried: Tried) -> Iterator[Stage]:
    """In the order in which records pass them; of pipelines that got some."""
    for pipeline in tried.pipelines:
        came, left = tried.behind[pipeline, ""], tried.left.get(pipeline, LogBatch.empty())
        if not len(came) and not len(left):
            continue
        yield Stage(pipeline, "received", _by_id(came))
        for (owner, name), batch in tried.behind.items():
            if owner == pipeline and name:
                yield Stage(pipeline, name, _by_id(batch))
        yield Stage(pipeline, "left", _by_id(left))


def documents(settings: Settings, tried: Tried) -> Iterator[str]:
    """A line each: `pipeline`, `stage`, `id` and `record`; at a pipeline's end also its `exporters`."""
    for stage in stages(tried):
        ends = {"exporters": list(settings.pipelines[stage.pipeline].exporters)} if stage.name == "left" else {}
        for id_, record in stage.records.items():
            yield visible_json({"pipeline": stage.pipeline, "stage": stage.name, "id": id_, **ends, "record": record})


def pages(settings: Settings, tried: Tried) -> Iterator[str]:
    """Records as they came; behind each stage who is left out, who is new, and what changed."""
    numbers: dict[str, int] = {}
    last: Mapping[str, Mapping[str, Record]] = {}
    for stage in stages(tried):
        for id_ in stage.records:
            numbers.setdefault(id_, len(numbers) + 1)
        before = last.get(stage.pipeline)
        yield _heading(settings, stage, before)
        yield from _changed(stage, before, numbers)
        last = {**last, stage.pipeline: stage.records}


def _heading(settings: Settings, stage: Stage, before: Mapping[str, Record] | None) -> str:
    records = f"{len(stage.records)} record{'' if len(stage.records) == 1 else 's'}"
    if stage.name == "left":
        goes = [*settings.pipelines[stage.pipeline].exporters, *settings.pipelines[stage.pipeline].connectors]
        return f"{stage.pipeline} ends: {records} → {', '.join(goes)}"
    if stage.name == "received":
        return f"{stage.pipeline}: {records}"
    return f"{stage.pipeline} > {stage.name}: {records}" + (
        "" if before is None or before != stage.records else ", unchanged"
    )


def _changed(stage: Stage, before: Mapping[str, Record] | None, numbers: Mapping[str, int]) -> Iterator[str]:
    for id_ in before or {}:
        if id_ not in stage.records:
            yield f"  {numbers[id_]:>3}  left out"
    for id_, record in stage.records.items():
        if before is None or id_ not in before:
            yield f"  {numbers[id_]:>3}  {'' if before is None else 'new  '}{visible_json(record)}"
            continue
        for at, (name, old, new) in enumerate(changes(before[id_], record)):
            front = f"  {numbers[id_]:>3}" if at == 0 else "     "
            yield f"{front}  {_change(name, old, new)}"


def _change(name: str, old: Any, new: Any) -> str:
    if old is None:
        return f"+ {visible(name)}: {_text(new)}"
    if new is None:
        return f"- {visible(name)}: {_text(old)}"
    return f"~ {visible(name)}: {_text(old)} → {_text(new)}"


def _text(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False, default=bytes.hex))


def _by_id(batch: LogBatch) -> dict[str, Record]:
    if not len(batch):
        return {}
    return dict(zip(batch.column("record_id").to_list(), records_of(batch), strict=True))
