"""Bad days between delivery and an S3 server: the union of the archive's objects is what was sent, each record once.

moto's server; `make check-archive` is the same against Versity's gateway, which checks signatures as S3 does.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from collector.archive.reading import Archive, open_archive
from collector.object_storage import Target
from counterparts.bad_days import DAYS, Load, mixture
from counterparts.fault_proxy import FaultProxy, proxied, status
from counterparts.s3 import Bucket, bucket
from exporters.archive import FACTORY
from exporters.archive.exporter import ArchiveExporter

_S3_ERROR = "<?xml version='1.0'?><Error><Code>{0}</Code><Message>{0}</Message></Error>"
QUICK: dict[str, Any] = {
    "retry_on_failure": {"initial_interval": "10ms", "max_interval": "50ms"},
    "timeout": "30s",
    "max_age": "300ms",
    "target_size": "64KiB",
}
"""Ten objects of each of three domains."""


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture
def proxy(s3: Bucket) -> Iterator[FaultProxy]:
    with proxied(s3.options["endpoint"]) as made:
        made.keeps_host = True
        yield made


def options(made: Bucket, name: str, endpoint: str = "", **more: Any) -> dict[str, Any]:
    storage = {**made.options, **({"endpoint": endpoint} if endpoint else {}), "allow_http": True}
    return {**QUICK, "to": f"{made.url}/{name}", "storage": storage, **more}


def archive_of(made: Bucket, name: str) -> Archive:
    return open_archive(f"{made.url}/{name}", made.options)


def stored(archive: Archive) -> Counter[str]:
    """Record id → how often it stands in the objects, each of which is what was written."""
    found: Counter[str] = Counter()
    for domain in archive.domains():
        for listed in archive.catalog.objects(domain):
            assert archive.verify(listed).records > 0
        ids = archive.scan(domain, 0, 1 << 62, once=False).select("record_id").collect()
        found.update(ids.get_column("record_id").to_list())
    return found


BAD = {
    **DAYS,
    "slow down": [status(503, message="SlowDown")] * 12,
    "forbidden for a while": [status(403, message="RequestTimeTooSkewed")] * 12,
    "all of it at once": mixture(5, 4),
}


@pytest.mark.parametrize(
    "day", ["a good day", "answers are lost after the commit", "forbidden for a while", "all of it at once"]
)
def test_each_record_is_archived_once(tmp_path, s3, proxy, day):
    proxy.faults.extend(BAD.get(day, []))
    with Load(tmp_path, FACTORY) as load:
        load.deliver(options(s3, tmp_path.name, proxy.url))
        assert not proxy.faults
        times = stored(archive_of(s3, tmp_path.name))
        assert times == Counter(load.ids)


class _Dying(Target):
    """Stores an object and does not live to hear of it."""

    def __init__(self, target: Target, after: int, died: threading.Event) -> None:
        self._target, self._left, self._died = target, after, died

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def put(self, name: str, content: Any, **more: Any) -> None:
        if self._died.is_set():
            raise OSError(0, "it is dead")
        self._target.put(name, content, **more)
        self._left -= 1
        if self._left <= 0:
            self._died.set()
            raise OSError(0, "it died")


@pytest.mark.parametrize("after", [1, 4])
def test_who_dies_between_an_upload_and_its_acknowledgement_uploads_nothing_twice(tmp_path, s3, monkeypatch, after):
    """Of a cut of three objects one is there, or all: the next life makes the same cut, and names what is there the same."""
    died = threading.Event()
    opened = ArchiveExporter._opened
    monkeypatch.setattr(ArchiveExporter, "_opened", lambda self: _Dying(opened(self), after, died))
    with Load(tmp_path, FACTORY) as load:
        load.start(options(s3, tmp_path.name))
        assert died.wait(60)
        load._stop(0)
        load.bench.reopen()
        there = stored(archive_of(s3, tmp_path.name))
        assert there
        assert load.queued > 0
        monkeypatch.setattr(ArchiveExporter, "_opened", opened)
        load.deliver(options(s3, tmp_path.name))
        assert stored(archive_of(s3, tmp_path.name)) == Counter(load.ids)


def test_a_scan_reads_from_the_storage_what_a_query_needs(tmp_path, s3):
    with Load(tmp_path, FACTORY) as load:
        load.deliver(options(s3, tmp_path.name))
        archive = archive_of(s3, tmp_path.name)
        [domain, *_] = archive.domains()
        found = (
            archive.scan(domain, 0, 1 << 62).filter(pl.col("body") == "record 7").select("record_id", "time").collect()
        )
        assert found.get_column("record_id").to_list() == [load.ids[7]]
