"""What the processors of a pipeline say about one record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from collector.component import Context, Explains
from collector.errors import LogboomError
from collector.explaining.aside import Aside
from collector.explanation import Explanation
from collector.settings.model import Settings

if TYPE_CHECKING:
    from collector.batch import LogBatch


class NoPipeline(LogboomError):
    """The configuration has none of that name."""


def pipeline_of(settings: Settings, name: str | None) -> str:
    """The one that is named, or the first of the configuration. Raises `NoPipeline`."""
    found = name or next(iter(settings.pipelines))
    if found not in settings.pipelines:
        raise NoPipeline(f"there is no pipeline {found!r}; there is {', '.join(settings.pipelines)}")
    return found


def explanations(settings: Settings, pipeline: str, batch: LogBatch, data_dir: Path) -> list[Explanation]:
    """All that its processors say, each about the record as it reaches it: a batch of one."""
    told: list[Explanation] = []
    keys = None if settings.service.encryption is None else settings.service.encryption.place(data_dir).ring()
    for ident in settings.pipelines[pipeline].processors:
        component = settings.processors[ident]
        if not component.factory.has_behaviour:
            continue
        processor = component.factory.create(component.config, Context(ident, data_dir, pipeline, keys=keys))
        if isinstance(processor, Explains):
            told += processor.explain(batch)
            batch = processor.process(batch, Aside())
    return told
