"""The pages of the extension `zpages`, at the OpenTelemetry Collector's paths: what runs here, out of the settings and what the supervisor sees.

Numbers of all domains together, ids and states; no record, no address, no option of a component.
"""

from __future__ import annotations

import html
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from collector.outcomes import Outcome
from collector.release import release
from collector.settings.model import PipelineSettings, Settings
from collector.telemetry.health import Health
from collector.telemetry.snapshot import Snapshot
from collector.timeline import BOUNDS_SECS

Answer = tuple[int, str, str]
Page = tuple[str, str]
"""Title, body."""
_STYLE = "body{font:14px/1.5 sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #999;padding:2px 8px;text-align:left}"
_TRACES = (
    "Steps of pipelines and requests of exporters, of logs, by how long they took, since the processes began; below, the last that were slower than "
    "service.telemetry.traces.slower_than. With processors there they are sent as spans, too."
)
_NO_TRACES = "Nothing is measured: service.telemetry.traces.level is none, or no worker has begun."
_BUCKETS = [f"under {bound:g} s" for bound in BOUNDS_SECS]


class ZPages:
    """Each page is made when it is asked for."""

    def __init__(
        self, settings: Callable[[], Settings], health: Callable[[], Health], snapshot: Callable[[], Snapshot]
    ) -> None:
        self._settings, self._health, self._snapshot = settings, health, snapshot
        self._pages: Mapping[str, Callable[[], Page]] = {
            "/debug/servicez": self._service,
            "/debug/pipelinez": self._pipelines,
            "/debug/extensionz": self._extensions,
            "/debug/featurez": self._features,
            "/debug/tracez": self._traces,
        }

    def routes(self) -> Mapping[str, Callable[[], Answer]]:
        """Path → its answer."""
        return {path: self._answer(page) for path, page in {"/": self._index, **self._pages}.items()}

    def _answer(self, page: Callable[[], Page]) -> Callable[[], Answer]:
        def answer() -> Answer:
            title, body = page()
            ways = " · ".join(f'<a href="{path}">{path.rpartition("/")[2]}</a>' for path in self._pages)
            whole = f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>{ways}<h1>{title}</h1>{body}"
            return 200, "text/html; charset=utf-8", whole

        return answer

    def _index(self) -> Page:
        return "logboom", _paragraph("What runs in this process tree, as of now.")

    def _service(self) -> Page:
        health, snapshot = self._health(), self._snapshot()
        rows = [
            ("version", release()), ("phase", health.phase), ("uptime", _secs(time.time() - health.started_unix)),
            ("restarts of children", snapshot.restarts), ("degraded", "; ".join(health.degraded) or "nothing"),
        ]  # fmt: skip
        processes = [
            (each.name, each.pid, f"{each.cpu_secs:.1f} s", _size(each.rss_bytes)) for each in snapshot.processes
        ]
        journals = [
            (each.slot, each.entries, _size(each.used_bytes), _size(each.budget_bytes), _age(each.oldest_unix_ms))
            for each in snapshot.journals
        ]
        listeners = [(name, each.failures, f"{each.secs * 1000:.0f} ms") for name, each in snapshot.listeners.items()]
        body = _table((), rows) + _section("Processes", ("process", "pid", "CPU", "memory"), processes)
        body += _section("Journals", ("journal", "requests", "used", "budget", "oldest"), journals)
        return "Service", body + _section("Listeners", ("listener", "probes failed in a row", "last answer"), listeners)

    def _pipelines(self) -> Page:
        settings, snapshot = self._settings(), self._snapshot()
        counts = _totals(snapshot)
        rows = [_pipeline(each, counts, snapshot) for each in settings.pipelines.values()]
        heads = (
            "pipeline",
            "receivers",
            "processors",
            "exporters",
            "accepted",
            "left",
            "dead letters",
            "oldest unread",
            "rests",
        )
        body = _table(heads, rows) + _section("Queues of exporters", _QUEUE_HEADS, _queues(snapshot, counts))
        lines = [(each.pipeline, each.why) for each in settings.not_run]
        return "Pipelines", body + (_section("Not run", ("pipeline", "why"), lines) if lines else "")  # fmt: skip

    def _extensions(self) -> Page:
        settings = self._settings()
        rows = [(name, each.factory.summary) for name, each in settings.extensions.items()]
        rows += [(name, f"without effect: {why}") for name, why in settings.accepted.items()]
        return "Extensions", _table(("extension", "what"), rows)

    def _traces(self) -> Page:
        snapshot = self._snapshot()
        if not snapshot.operations:
            return "Traces", _paragraph(_NO_TRACES)
        rows = [
            (name, process, *counts) for process, found in snapshot.operations.items() for name, counts in found.items()
        ]
        slow = [
            (
                name,
                process,
                _moment(began),
                _millis(took),
                *map(_pairs, (attributes, {what: _millis(spent) for what, spent in laps.items()})),
            )
            for process, name, began, took, attributes, laps in sorted(snapshot.slow, key=lambda each: -each[2])
        ]
        body = _paragraph(_TRACES) + _table(("operation", "process", *_BUCKETS, "longer"), sorted(rows))
        return "Traces", body + _section("Slow", ("operation", "process", "began", "took", "of", "spent on"), slow)

    def _features(self) -> Page:
        return "Feature gates", _paragraph("logboom has no feature gates.")


_QUEUE_HEADS = (
    "exporter", "state", "waiting", "size", "quota", "oldest", "sent", "dead letters", "why",
)  # fmt: skip


def _pipeline(pipeline: PipelineSettings, counts: Mapping[tuple[str, str], int], snapshot: Snapshot) -> Sequence[Any]:
    owner = f"pipeline/{pipeline.id}"
    taken = counts[owner, Outcome.ACCEPTED] + counts[owner, Outcome.FED]
    sources = [*pipeline.receivers, *pipeline.fed_by]
    ends = [*pipeline.exporters, *pipeline.connectors]
    unread = snapshot.unread_unix_ms.get(pipeline.id, 0)
    return (
        pipeline.id, ", ".join(sources), ", ".join(pipeline.processors), ", ".join(ends), taken, counts[owner, Outcome.OUT],
        counts[owner, Outcome.DEAD_LETTERED], _age(unread), snapshot.resting.get(pipeline.id, ""),
    )  # fmt: skip


def _queues(snapshot: Snapshot, counts: Mapping[tuple[str, str], int]) -> Iterable[Sequence[Any]]:
    for name, queue in sorted(snapshot.queues.items()):
        said = snapshot.exporters.get(name, {})
        owner = f"exporter/{name}"
        yield (
            name, said.get("state", ""), queue.records, _size(queue.size_bytes), _size(queue.capacity_bytes), _age(queue.oldest_unix_ms),
            counts[owner, Outcome.EXPORTED], counts[owner, Outcome.DEAD_LETTERED], said.get("reason", ""),
        )  # fmt: skip


def _totals(snapshot: Snapshot) -> Counter[tuple[str, str]]:
    """Of all domains together."""
    found: Counter[tuple[str, str]] = Counter()
    for (_, component, outcome), records in snapshot.counts.items():
        found[component, outcome] += records
    return found


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return f"<h2>{title}</h2>{_table(heads, rows)}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _age(unix_ms: int) -> str:
    return _secs(max(0.0, time.time() - unix_ms / 1000)) if unix_ms else ""


def _moment(unix_nano: int) -> str:
    return datetime.fromtimestamp(unix_nano / 1e9, UTC).isoformat(timespec="milliseconds")


def _millis(nanos: int) -> str:
    return f"{nanos / 1e6:.1f} ms"


def _pairs(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.removeprefix('logboom.')} {value}" for name, value in said.items())


def _secs(seconds: float) -> str:
    return f"{seconds:.0f} s"


def _size(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
