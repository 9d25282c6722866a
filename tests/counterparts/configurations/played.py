"""The records, sent through a running system with a configuration; a Collector behind it writes down what each exporter sent."""

from __future__ import annotations

import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson

from collector.testing.service import Service, free_ports
from counterparts.configurations.chosen import Configuration, Tree
from counterparts.configurations.said import NAMES, requests
from counterparts.otelcol import Collector, built
from counterparts.received_otlp import written

Output = Mapping[str, list[Any]]
"""Name of a record → how it came out: once, several times, or not at all."""
_QUIET_SECS, _MOST_SECS = 1.0, 30.0


def by_the_collector(configuration: Configuration, folder: Path) -> dict[str, Output]:
    """Exporter → what the Collector sends by it."""
    return _played(configuration, folder, lambda tree, _: Collector(built("processors"), tree, folder))


def by_logboom(configuration: Configuration, folder: Path, expected: Mapping[str, Output]) -> dict[str, Output]:
    """Exporter → what a running logboom sends by it. It is waited for as many records as are `expected`."""
    goal = {name: sum(map(len, output.values())) for name, output in expected.items()}
    own = folder / "logboom"
    own.mkdir()
    return _played(configuration, folder, lambda tree, _: Service(own, config=_served(tree)), goal)


def _served(tree: Tree) -> str:
    service = {
        **tree["service"], "extensions": ["health_check"], "ledger": {"partitions": 1, "max_bytes": "64MiB"},
        "journal": {"max_bytes": "64MiB"},
        "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": "METRICS"}}}}]}},
    }  # fmt: skip
    whole = {**tree, "extensions": {"health_check": {"endpoint": "127.0.0.1:HEALTH"}}, "service": service}
    text = orjson.dumps(whole).decode().replace("{", "{{").replace("}", "}}")
    return text.replace('"METRICS"', "{metrics}").replace("HEALTH", "{health}")


def _played(
    configuration: Configuration,
    folder: Path,
    system: Callable[[Tree, int], AbstractContextManager[Any]],
    goal: Mapping[str, int] | None = None,
) -> dict[str, Output]:
    sinks = {name: _Sink(name, folder, number) for number, name in enumerate(configuration.outputs)}
    grpc, http = free_ports(2)
    receiver = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
    tree = configuration.between(receiver, {name: sink.options for name, sink in sinks.items()})
    behind = folder / "sink"
    behind.mkdir(exist_ok=True)
    with Collector(built("processors"), _receiving(sinks), behind), system(tree, http):
        for body in requests():
            _post(http, body)
        _await(lambda: {name: len(written(sink.out)) for name, sink in sinks.items()}, goal)
    return {name: named(written(sink.out)) for name, sink in sinks.items()}


class _Sink:
    """Where one exporter sends."""

    def __init__(self, exporter: str, folder: Path, number: int) -> None:
        self.out = folder / f"received-{number}.json"
        self.receiver = f"otlp/{number}"
        self.kind = exporter.partition("/")[0]
        self.grpc, self.http = free_ports(2)

    @property
    def options(self) -> Tree:
        if self.kind == "file":
            return {"path": str(self.out)}
        if self.kind in ("otlp", "otlp_grpc"):
            return {"endpoint": f"127.0.0.1:{self.grpc}", "tls": {"insecure": True}}
        return {"endpoint": f"http://127.0.0.1:{self.http}"}


def _receiving(sinks: Mapping[str, _Sink]) -> Tree:
    """A Collector with a receiver and a file for each of them."""
    each = list(sinks.values())
    return {
        "receivers": {
            one.receiver: {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{one.grpc}"}, "http": {"endpoint": f"127.0.0.1:{one.http}"}}}
            for one in each
        },
        "exporters": {f"file/{one.receiver[5:]}": {"path": str(one.out) if one.kind != "file" else f"{one.out}.unused"} for one in each},
        "service": {
            "pipelines": {
                f"logs/{one.receiver[5:]}": {"receivers": [one.receiver], "exporters": [f"file/{one.receiver[5:]}"]} for one in each
            }
        },
    }  # fmt: skip


def _await(counted: Callable[[], Mapping[str, int]], goal: Mapping[str, int] | None) -> None:
    """Until as many are there as are expected, or nothing more comes; a little longer, for one too many."""
    deadline, quiet, last = time.monotonic() + _MOST_SECS, time.monotonic() + 2 * _QUIET_SECS, counted()
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if (now := counted()) != last:
            last, quiet = now, time.monotonic() + _QUIET_SECS
        if (goal is None or now == goal) and time.monotonic() > quiet:
            return


def _post(port: int, body: bytes) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30):
            pass
    except (
        urllib.error.HTTPError
    ) as error:  # what becomes of a request that a processor refuses is seen by what comes out
        error.close()


def named(records: list[dict[str, Any]]) -> Output:
    """By the name of each record; the order of attributes does not count."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for each in records:
        time = int(each["record"].get("timeUnixNano", 0))
        found[NAMES.get(time, str(time))].append(ordered(each))
    return {name: sorted(versions, key=orjson.dumps) for name, versions in sorted(found.items())}


def ordered(value: Any) -> Any:
    """Lists of pairs of a key and a value are sorted by key."""
    if isinstance(value, dict):
        return {key: ordered(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        found = [ordered(each) for each in value]
        if all(isinstance(each, dict) and "key" in each for each in found):
            return sorted(found, key=lambda each: str(each["key"]))
        return found
    return value
