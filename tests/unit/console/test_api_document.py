"""The API against its own document: schemathesis makes requests of it, right and wrong ones, and looks whether answers are what the document says.

`make api-fuzz` tries a few hundred of each operation, and each boundary of each schema; here it is a few, always the same.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from collector.backend.data_dir import open_data_dir
from collector.console import unmasking
from collector.console.application import application
from collector.console.commanding import Commands
from collector.console.explainer import Explainer
from collector.console.parts import Parts
from collector.console.service_state import ServiceState
from collector.console.tailing import event_stream
from collector.control.asking import Told
from collector.control.record import ControlRecord
from collector.explaining.child import Order
from collector.service.plan import backend_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.telemetry.health import Health
from collector.telemetry.snapshot import Snapshot
from collector.testing.row_batch import Row, batch_of
from collector.transport.serving.http_server import App
from counterparts.console import HOST, parts_of

FORMATS = {
    "logboom-query": st.sampled_from(["", "x", "level:>=warning", "-service:a*", '"a b" OR @n:>5', "(x OR y) NOT z"]),
    "logboom-from": st.sampled_from(["now-1h", "2020-01-31T12:00:00Z", "1500000000000000000", "now-7d"]),
    "logboom-to": st.sampled_from(["now", "2035-01-31T12:00:00.5+01:00", "1900000000000000000", "now-1s"]),
    "logboom-cursor": st.just(""),
    "logboom-fields": st.sampled_from(["level", "level,service", "@n,error", ""]),
    "logboom-matchers": st.sampled_from(['level="warning"', 'service=~"a|b", level!="debug"']),
    "logboom-duration": st.sampled_from(["30m", "2h", "3d"]),
    "logboom-record": st.one_of(st.integers(0, 9).map("{:026}".format), st.text(min_size=1, max_size=30)),
    "logboom-domain": st.sampled_from(["a.example", "default"]),
    "logboom-reason": st.sampled_from(["case 1234", "ticket 7"]),
    "logboom-place": st.sampled_from(["", "1764511200000000000-7"]),
    "logboom-name": st.sampled_from(["shop", "1.2.3", "\u00e4"]),
    "date-time": st.sampled_from(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123+02:00"]),
    "logboom-url": st.sampled_from(["https://example.com/a?b", "http://localhost"]),
}
"""What a text is, where its schema does not say it all."""


class Knowing(Explainer):
    """Explains without a child."""

    async def ask(self, key: tuple[str, str, str], order: Order) -> Sequence[Mapping[str, Any]]:
        return [{"subject": "level", "answer": "info", "because": "", "decides": True, "details": []}]


class Obeyed(Commands):
    """Checks commands, and has them carried out by nobody."""

    async def _told(self, record: ControlRecord, wait_secs: float) -> Told:
        return Told(record.id)


EXAMPLES = int(os.environ.get("LOGBOOM_API_EXAMPLES", "3"))


def filled(root: Path, parts: Parts) -> App:
    """A console over a few records."""
    store, now = EmbeddedStore(root / "store.db"), time.time_ns()
    made = [
        Row(f"{n:026}", fields={"domain": "a.example", "time_unix_nano": now - n * 10**9, "body": "x"})
        for n in range(9)
    ]
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    open_data_dir(root, parts.settings.service.ledger.partitions)
    backend_of(parts.settings, root).prepare()
    health = Health(True, True, "running", now / 1e9, [])
    parts.state.now = ServiceState(now / 1e9, health, Snapshot(counts=Counter()))
    return application(replace(parts, commands=Obeyed(root), explainer=Knowing()))


def found(app: App) -> Iterator[str]:
    """What is wrong, with the request that shows it."""
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    config = SchemathesisConfig.from_dict({
        "base-url": f"http://{HOST}/", "headers": {"host": HOST}, "seed": 1, "request-timeout": 120.0,
        "generation": {"max-examples": EXAMPLES, "deterministic": EXAMPLES <= 3, "allow-x00": True, "database": "none", "no-shrink": True},
        "phases": {"coverage": {"enabled": EXAMPLES > 3}, "stateful": {"enabled": False}},
    })  # fmt: skip
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers={"host": HOST}, config=config)
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            yield f"{event.label}: {event.value}"
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            for id_, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        case = event.recorder.cases[id_].value
                        yield f"{check.name}: {check.failure_info.failure}\n    {case.as_curl_command()}"


def test_the_api_is_what_its_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LONGEST_SECS", 0.0)  # of a tail: its first event is enough
    monkeypatch.setattr(unmasking, "ask", lambda *_: None)
    with parts_of(tmp_path, {"query_timeout": "60s"}) as parts:
        assert "\n".join(found(filled(tmp_path, parts))) == ""
