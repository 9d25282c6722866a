"""Every page of the console in a real Chromium, in both themes: nothing that it complains about, nothing that axe finds, no window that is too
narrow, and text that means no good in every field of every page; and what people do, by keyboard alone."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from collector.backend.interface import FiledLetter
from collector.cluster import told
from collector.console import commanding, telling
from collector.console.service_state import ServiceState
from collector.control.asking import Settled, Told
from collector.control.record import ControlRecord
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.ledger.deadletters import DeadLetterInfo
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ExporterQueue, JournalState, ProcessState, Snapshot
from collector.testing.row_batch import Row, batch_of
from counterparts.browser import browser, scrolls_sideways, shown, violations
from counterparts.console import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOSTILE = f'<script>alert(1)</script>\x1b[31m\u202egpj "><img src=x onerror=alert(1)>{"w" * 200}'
ISSUE, PATTERN = "12aca6e65db59c39", "39964bf5d6a40e07"
NOW = time.time_ns()
NAME = "".join(each for each in HOSTILE if each.isalnum())[:40]
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "connectors": {
        "alerting": {
            "route": {"receiver": "office"}, "receivers": {"office": [f"webhook/{NAME}"]},
            "monitors": [{"name": "busy", "query": '"<script>alert(1)</script>"', "above": 20}],
        }
    },
    "exporters": {"sqlite": {}, f"webhook/{NAME}": {"endpoint": "https://chat.example/hook"}},
    "service": {
        "ledger": {"partitions": 4, "kafka": {"brokers": ["k:9092"], "instance_id": "one"}},
        "domains": {"limits": {"records_per_second": 2000, "overrides": {"a.example": {"records_per_second": 100}}}},
        "pipelines": {
            "logs": {"receivers": ["otlp"], "exporters": ["sqlite", "alerting"]},
            "logs/alerts": {"receivers": ["alerting"], "exporters": [f"webhook/{NAME}"]},
        },
    },
}  # fmt: skip
STATE = ServiceState(
    time.time(),
    Health(True, True, "ready", time.time() - 1000, [HOSTILE]),
    Snapshot(
        counts=Counter({("a.example", "receiver/otlp", "accepted"): 70, (HOSTILE, "receiver/otlp", "refused"): 3}),
        journals=[JournalState(0, 3 << 20, 64 << 20, 12, 0)],
        queues={HOSTILE: ExporterQueue(15, 2000, 1 << 30, int(time.time() * 1000) - 60_000), "sqlite": ExporterQueue(0, 0, 1 << 30, 0)},
        processes=[ProcessState("worker-0", 4711, 2.5, 90 << 20)],
        exporters={HOSTILE: {"state": "blocked", "reason": HOSTILE}, "sqlite": {"state": "ok"}},
    ),
)  # fmt: skip
LETTER = FiledLetter(0, DeadLetterInfo(17, f"exporter/{HOSTILE}", "logs", HOSTILE, 38, {"a.example": 38}, 900, 1))
PAGES = (
    "/", "/logs?from=now-7d", f"/issues/{ISSUE}", "/issues", "/issues?state=archived", "/patterns", "/alerts", "/alerts?all=1", "/health",
    "/report", "/audit", "/cluster", "/monitors/new?q=number&count=3", "/monitors/new?q=level:(", "/?samples=1", "/nothing", "/logs?q=level:(",
)  # fmt: skip


def _put(database: sqlite3.Connection, table: str, **values: object) -> None:
    database.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )


def _fill(root: Path) -> None:
    """Records, and whatever is known of them; each text that others write is hostile."""
    attributes = [("logboom.triage.level", "critical"), ("logboom.issue.id", ISSUE), ("logboom.pattern.id", PATTERN)]
    said = [
        (name, HOSTILE)
        for name in ("logboom.component", "logboom.endpoint", "exception.stacktrace", "exception.type", HOSTILE)
    ]
    made = [
        Row(f"{at:026}", [*attributes, *said], resource=[("service.name", HOSTILE), ("service.version", HOSTILE)],
            fields={"domain": "a.example", "time_unix_nano": NOW - at * 60 * 10**9, "body": f"number {at} {HOSTILE}", "severity_text": HOSTILE})
        for at in range(30)
    ]  # fmt: skip
    store = EmbeddedStore(root / "store.db")
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    seen = {"domain": "a.example", "version": 1, "event_id": "e"}
    when = {"first_seen_unix_nano": NOW - 29 * 60 * 10**9, "last_seen_unix_nano": NOW}
    texts = dict.fromkeys(
        ("title", "component", "service", "assignee", "owner", "type", "reason", "cause", "suggestion"), HOSTILE
    )
    with closing(sqlite3.connect(root / "store.db")) as database, database:
        _put(database, "issues", issue_id=ISSUE, state="new", level="critical", priority="high", events=30,
             services=json.dumps({HOSTILE: 30}), **texts, **when, **seen)  # fmt: skip
        _put(database, "patterns", pattern_id=PATTERN, template=f"<*> {HOSTILE}", service=HOSTILE, component=HOSTILE, level="critical",
             time_unix_nano=NOW, **when, **seen)  # fmt: skip
        _put(
            database,
            "deployments",
            deployment_id="d",
            service=HOSTILE,
            service_version=HOSTILE,
            time_unix_nano=NOW - 10**12,
            **seen,
        )
        alerts = json.dumps([{"annotations": {"title": HOSTILE}, "labels": {"issue": ISSUE}}])
        for group, status in (("g1", "firing"), ("g2", "resolved")):
            _put(database, "notifications", group_id=group, exporter=HOSTILE, sequence=1, receiver="office", status=status, reason=HOSTILE,
                 level="critical", started_unix_nano=NOW, count=7, labels=json.dumps({"service": HOSTILE}), alerts=alerts,
                 time_unix_nano=NOW, **seen)  # fmt: skip
        _put(database, "silences", silence_id="s", matchers=HOSTILE, who=HOSTILE, why=HOSTILE, starts_unix_nano=0,
             ends_unix_nano=NOW + 10**13, **seen)  # fmt: skip
        _put(database, "responses", response_id="r", name=HOSTILE, target=HOSTILE, state="proposed", reason=HOSTILE, dry_run=0,
             time_unix_nano=NOW, **seen)  # fmt: skip
        said = json.dumps({"what": HOSTILE, "attributes": {}})
        _put(database, "audit", seq=1, hash="0" * 64, entry=said, action=HOSTILE, who=HOSTILE, why=HOSTILE, address=HOSTILE,
             received_unix_nano=NOW, expires_unix_nano=NOW * 2, time_unix_nano=NOW, **seen)  # fmt: skip
    key = new_key(KeyKind.INGEST)
    _share(root)
    KeyStore(root / FILE).add(Key(key.id, KeyKind.INGEST, "a.example", key.digest, HOSTILE))


def _share(root: Path) -> None:
    """A cluster: this machine, one that is silent and has a hostile name, a partition that is restored, and one that nobody ever had."""
    now = NOW // 1_000_000
    ours, theirs = (
        told.Heard("one", 0, now + 3_600_000, now, 7, now, 3),
        told.Heard(HOSTILE, 1, now - 100_000, now - 200_000, 40, 0, 2),
    )
    told.tell(root, 0, told.Told(0, now, {}, {0: ours, 1: theirs, 2: theirs}, {2: now}))


@pytest.fixture(scope="module")
def decided() -> list[tuple[str, str]]:
    """What people decided: command or action, and about what."""
    return []


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, decided: list[tuple[str, str]]) -> Iterator[str]:
    """Over that, with a service that carries out whatever it is told."""
    root = tmp_path_factory.mktemp("console")
    _fill(root)

    def ask(_root: Path, record: ControlRecord, _wait: float) -> Told:
        decided.append((record.name.removeprefix("logboom.command."), record.domain))
        return Told(record.id, [Settled("connector/alerting", applied=True)])

    desk = SimpleNamespace(
        letters=lambda: [LETTER], named=lambda _: [LETTER],
        request=lambda action, chosen: decided.append((action, chosen[0].id)),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commanding, "ask", ask)
        patch.setattr(told, "FRESH_SECS", 1e9)
        patch.setattr(telling, "desk_of", lambda *_: desk)
        with served(root, state=STATE, config=CONFIG) as url:
            yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def _settled(page: Page) -> None:
    """No part is late, nothing is under way: who leaves before that makes the browser say so."""
    page.wait_for_function("() => !document.querySelector('main [aria-busy=true]')")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def _whole(page: Page) -> None:
    """All parts are there, and none failed."""
    _settled(page)
    assert page.locator("text=This part could not be shown").count() == 0
    assert page.locator("main img, main script, main iframe").count() == 0
    assert "\u202e" not in page.locator("body").inner_text()


def test_axe_finds_nothing_and_hostile_text_is_text(chromium: Browser, console: str) -> None:
    """Each page as wide as a desk, light, then dark; then as narrow as a phone that is held upright."""
    failures = list[str]()
    with shown(chromium, console, expects="the server responded with a status of 40") as page:
        page.emulate_media(reduced_motion="reduce")  # what fades from light to dark has neither's contrast meanwhile
        for path in PAGES:
            page.goto(f"{console}{path}")
            page.wait_for_selector("html[data-ready]")
            _whole(page)
            failures += [f"{path}: {each}" for each in violations(page)]
            page.emulate_media(color_scheme="dark")
            failures += [f"{path}, dark: {each}" for each in violations(page, colours=True)]
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 320, "height": 640})
            failures += [f"{path}: too wide at 320 px"] if scrolls_sideways(page) else []
            page.set_viewport_size({"width": 1280, "height": 720})
    assert failures == []


def _press(page: Page, name: str, role: Any = "link") -> None:
    """By keyboard: what has the focus, and nothing that only a pointer reaches."""
    _settled(page)
    target = page.get_by_role(role, name=name).first
    target.focus()
    page.keyboard.press("Enter")


def test_an_incident_is_gone_through_by_keyboard(
    chromium: Browser, console: str, decided: list[tuple[str, str]]
) -> None:
    """From the sentence of the overview to the issue, its records, and who is told."""
    with shown(chromium, console) as page:
        _press(page, "See what changed")
        page.wait_for_url(f"**/issues/{ISSUE}*")
        _press(page, "Acknowledge", "button")
        page.wait_for_url("**done=acknowledge*")
        assert "It is acknowledged." in page.get_by_role("status").inner_text()
        page.locator("summary", has_text="Resolve").first.focus()
        page.keyboard.press("Enter")
        page.locator("#resolve-why").focus()
        page.keyboard.type("rolled back")
        page.keyboard.press("Enter")
        page.wait_for_url("**done=resolve*")
        _press(page, "All in logs")
        page.wait_for_selector("[data-lines] tr.line")
        _press(page, "Alerts")
        page.wait_for_url("**/alerts*")
        _press(page, "Silence…")
        page.wait_for_url("**silence=*")
        assert page.locator("#silence-matchers").input_value().startswith('service="')
        page.locator("#silence-why").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**done=silence*")
    assert [name for name, _ in decided if "." in name] == ["issue.acknowledge", "issue.resolve", "alert.silence"]


def test_a_dead_letter_is_tried_again_by_keyboard(
    chromium: Browser, console: str, decided: list[tuple[str, str]]
) -> None:
    with shown(chromium, f"{console}/health") as page:
        _press(page, "Replay", "button")
        page.wait_for_url("**done=replay*")
        assert "tried again" in page.get_by_role("status").first.inner_text()
    assert ("replay", "0:17") in decided
