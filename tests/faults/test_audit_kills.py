"""The audit log over deaths: what was told once is an entry once, the chain is whole, and an orderly stop signs its end."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.audit.key import SigningKey
from collector.audit.verifying import verified
from collector.backend.offline import view_of
from collector.cli import app
from collector.control.catalogue import CONSOLE_LOGIN
from collector.control.record import ControlRecord
from collector.control.teller import Teller
from collector.reserved import DOMAIN
from collector.scope import Scope
from collector.store import audit_reading
from collector.store.reading import opened
from collector.testing.conservation import assert_conserved
from collector.testing.service import Service

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]
EACH = 40


def test_each_is_an_entry_once_and_the_chain_is_whole(tmp_path: Path) -> None:
    service, runner, told = Service(tmp_path), CliRunner(), 0
    with service:
        teller = Teller(service.data)
        teller.start()
        for way in ("worker", "ingest", "tree"):
            for _ in range(EACH):
                teller.tell(ControlRecord(CONSOLE_LOGIN.event_name, DOMAIN, "in", {"user.id": f"user {told}"}))
                told += 1
            time.sleep(0.2)
            if way == "tree":
                service.kill()
                service.start()
            else:
                service.child(way).kill()
        teller.close(90.0)
        assert (teller.waiting, teller.lost_records) == (0, 0)
        service.await_ready()
        done = runner.invoke(app, ["query", "SELECT 4111 + 1 FROM logs", "--data-dir", str(service.data)])
        assert done.exit_code == 0, done.stderr
        wanted = f"SELECT count(*) FROM audit WHERE domain = '{DOMAIN}' AND action = 'console.login'"
        service.await_rows(wanted, [(told,)], 120.0)
        assert service.terminate() == 0
    with closing(view_of(service.data)) as view:
        assert_conserved(view)
    with opened(service.data / "store.db", Scope.of(DOMAIN), ("audit",)) as connection:
        kept = audit_reading.checkpoints(connection, DOMAIN)
        rows = list(audit_reading.chain(connection, DOMAIN))
    found = verified(DOMAIN, rows, kept, [SigningKey(service.data).public], time.time_ns())
    assert (found.findings, found.signed) == ([], found.last)
    entries = [json.loads(row.text) for row in rows]
    who = Counter(each["who"] for each in entries if each["action"] == "console.login")
    assert who == Counter({f"user {number}": 1 for number in range(told)})
    (read,) = [each for each in entries if each["action"] == "records.read"]
    assert read["attributes"]["logboom.shape"] == "query SELECT ? + ? FROM logs"
    assert "4111" not in json.dumps(read)
    with closing(sqlite3.connect(service.data / "store.db")) as connection:
        reads = connection.execute("SELECT count(*) FROM logs WHERE event_name LIKE '%records.read'").fetchone()
    assert reads == (0,)
