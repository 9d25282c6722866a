"""Backups of a logboom that is busy: what was acknowledged before one began is stored once by the logboom of its restore."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.examples import rounds
from counterparts.numbered import NumberedSenders

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DOMAINS = ("tamyla.com", "wetechfounders.com")
SLOW_STORE = "exporters: {sqlite: {sending_queue: {batch: {flush_timeout: 2s}}}}"  # so that all the way is filled
SNAPSHOTS = rounds(4, 2)
MORE = 3000  # acknowledged records between two of them


def logboom(*arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-P", "-m", "collector.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Taken:
    id: str
    acknowledged: set[int]


def folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def await_more(senders: NumberedSenders, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(senders.acknowledged) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(senders.acknowledged) >= count


def numbers(service: Service) -> Counter[int]:
    return Counter(
        int(number) for (number,) in service.rows("SELECT attributes ->> '$.n' AS n FROM logs WHERE n IS NOT NULL")
    )


def test_what_was_acknowledged_before_a_backup_is_stored_once_after_its_restore(tmp_path: Path) -> None:
    target, taken = str(tmp_path / "target"), []
    with Service(folder(tmp_path, "first"), SLOW_STORE) as service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        for count in range(1, SNAPSHOTS + 1):
            await_more(senders, count * MORE)
            before = set(senders.acknowledged)
            made = json.loads(logboom("backup", "create", target, "--data-dir", str(service.data), "--json"))
            taken.append(Taken(made["id"], before))
        senders.stop()
    assert [json.loads(line)["id"] for line in logboom("backup", "list", target, "--json").splitlines()] == [
        each.id for each in taken
    ]
    logboom("backup", "verify", target, "--all")
    for each in taken:
        restored = Service(folder(tmp_path, each.id))
        logboom("restore", target, "--data-dir", str(restored.data), "--snapshot", each.id)
        assert_directory_conserved(restored.data, "logs")
        with restored:
            assert restored.terminate(120) == 0  # after it has drained
        found = numbers(restored)
        assert not each.acknowledged - found.keys(), "acknowledged before the backup, and lost"
        assert max(found.values()) == 1, "stored twice"
        assert_directory_conserved(restored.data, "logs")


FOLLOWED = """
extensions: {{backup: {{to: "{target}", interval: {interval}, follow: 250ms, keep: 3, restore: when_empty}}}}
service: {{extensions: [health_check, backup]}}
"""


def followed(parent: Path, name: str, target: Path, interval: str = "1h") -> Service:
    return Service(folder(parent, name), FOLLOWED.format(target=target, interval=interval))


def await_snapshot(target: Path, service: Service) -> list[str]:
    """The snapshots that have a store and are followed, when there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = sorted((target / "snapshots").glob("2*.json"))
        if followed_ := [path.stem for path in found if b'"tail":"store.db' in path.read_bytes()]:
            return followed_
        time.sleep(0.05)
    raise AssertionError(service.log.read_text()[-3000:])


def await_metric(service: Service, name: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [line for line in service.get("/metrics", service.metrics)[1].splitlines() if line.startswith(name)]
        if found:
            return "\n".join(found)
        time.sleep(0.2)
    raise AssertionError(f"no {name}")


def lose_the_disk(service: Service) -> None:
    service.kill()
    shutil.rmtree(service.data)


def test_a_lost_disk_loses_a_second_of_the_store_at_most(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with followed(tmp_path, "first", target) as service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        await_more(senders, MORE)
        await_snapshot(target, service)
        await_more(senders, 2 * MORE)  # all of that is behind the snapshot
        stored = set(numbers(service))
        time.sleep(1.0)
        lose_the_disk(service)
        senders.stop(0.1)
    assert stored
    logboom("backup", "verify", str(target))
    logboom("restore", str(target), "--data-dir", str(service.data))
    assert not stored - numbers(service).keys(), "stored a second before, and lost"
    before = numbers(service)
    with service:
        assert service.terminate(120) == 0
    after = numbers(service)
    assert before.keys() <= after.keys()
    assert max(after.values()) == 1, "what the ledger sent again was stored twice"
    assert service.rows("SELECT sum(n) FROM log_minutes WHERE domain != 'logboom'") == [(after.total(),)]


def test_an_instance_that_ends_in_order_leaves_all_to_the_next_disk(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with followed(tmp_path, "first", target) as service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        await_more(senders, MORE)
        senders.stop()
        assert service.terminate(120) == 0
    shutil.rmtree(service.data)
    with service:
        assert "was made of snapshot" in service.log.read_text()
        assert numbers(service) == Counter(senders.acknowledged)
        await_snapshot(target, service)
        assert 'logboom_backup_age_seconds{of="snapshot"' in await_metric(service, "logboom_backup_age")
        assert service.terminate(120) == 0
    assert_directory_conserved(service.data, "logs")


def test_old_snapshots_go_and_their_tails_too(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with followed(tmp_path, "first", target, "1s") as service:
        senders = NumberedSenders(service.grpc, service.http, DOMAINS)
        senders.start()
        first = await_snapshot(target, service)[0]
        deadline = time.monotonic() + 60
        while first in (kept := await_snapshot(target, service)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert first not in kept
        senders.stop()
        assert service.terminate(120) == 0
    assert len(await_snapshot(target, service)) <= 3
    for line in logboom("backup", "verify", str(target), "--all", "--json").splitlines():
        assert json.loads(line)["ok"], line
    oldest = min(int(path.name) for path in (target / "tails").glob("*/*"))
    assert oldest > 1, "the tail of before the oldest snapshot is still there"


def test_without_its_target_it_works_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("no folder")
    configured = FOLLOWED.format(target=tmp_path / "target", interval="1h").replace("when_empty", "never")
    with Service(folder(tmp_path, "first"), configured) as service:
        deadline = time.monotonic() + 60
        while not (told := service.health_body().get("degraded")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "no backup is being made" in str(told)
        assert service.get("/ready")[0] == 200
        assert service.terminate(60) == 0
    service = followed(tmp_path, "second", tmp_path / "target")
    service.start()
    assert service.process is not None
    assert service.process.wait(60) == 1, "it began with an empty directory beside a backup that it could not read"
