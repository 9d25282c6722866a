"""Several logbooms on one Kafka, each on a machine of its own as far as one machine can show it: their own directories, ports and way to the brokers."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from collector.testing.service import Service, free_ports
from counterparts.kafka import Kafka
from counterparts.keyed_sink import CALLS, RECORDS, KeyedSink
from counterparts.tcp_proxy import TcpProxy, tcp_proxy

DOMAINS = tuple(f"d{number}.example" for number in range(12))
PARTITIONS = 8
PREFIX = "boom"
QUICK = {"initial_interval": "200ms", "max_interval": "1s"}


def configuration(sink: str, kafka: dict[str, Any] | None) -> str:
    """Patterns, issues and alerts; records and events to one webhook, notifications to another. `kafka`: None = one machine alone."""
    ledger: dict[str, Any] = {"max_bytes": "64MiB", "partitions": PARTITIONS}
    told = {
        "receivers": {"otlp": {"protocols": {name: {"endpoint": f"127.0.0.1:__{name}__"} for name in ("grpc", "http")}}},
        "processors": {name: {} for name in ("categorize", "triage", "patterns", "issues")},
        "connectors": {"alerting": {
            "route": {"receiver": "ops", "group_by": ["service"], "group_interval": "4h", "resolve_after": "24h"},
            "receivers": {"ops": ["webhook/calls"]},
        }},
        "exporters": {
            "webhook/records": {"url": sink + RECORDS, "compression": "none", "events": True, "retry_on_failure": QUICK},
            "webhook/calls": {"url": sink + CALLS, "compression": "none", "retry_on_failure": QUICK},
        },
        "extensions": {"health_check": {"endpoint": "127.0.0.1:__health__"}},
        "service": {
            "extensions": ["health_check"],
            "domains": {"names": list(DOMAINS), "header": "x-logboom-domain"},
            "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {
                "prometheus": {"host": "127.0.0.1", "port": "__metrics__"}}}}]}},
            "journal": {"max_bytes": "64MiB"},
            "ledger": ledger | ({"kafka": kafka} if kafka else {}),
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage", "patterns", "issues"],
                         "exporters": ["webhook/records", "alerting"]},
                "logs/alerts": {"receivers": ["alerting"], "exporters": ["webhook/calls"]},
            },
        },
    }  # fmt: skip
    text = json.dumps(told).replace("{", "{{").replace("}", "}}").replace('"__metrics__"', "{metrics}")
    for name in ("grpc", "http", "health"):
        text = text.replace(f"__{name}__", f"{{{name}}}")
    return text


@dataclass
class Node:
    """One logboom and its way to the brokers."""

    name: str
    service: Service
    proxy: TcpProxy

    def start(self) -> None:
        """If it does not run."""
        if self.service.process is None or self.service.process.poll() is not None:
            self.service.start()

    def tree(self) -> list[psutil.Process]:
        """The supervisor and its children."""
        process = self.service.process
        if process is None or process.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [psutil.Process(process.pid), *self.service.children()]
        return []

    def signal(self, number: int) -> None:
        """To all of it: SIGSTOP and SIGCONT are a machine that stood still."""
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    @property
    def ready(self) -> bool:
        """Whether it says so."""
        return self.service.get("/ready")[0] == 200

    @property
    def partitions(self) -> list[int]:
        """Which it says are its own; none where it does not answer."""
        text = self.service.get("/")[1]
        return list(json.loads(text).get("cluster", {}).get("partitions", [])) if text.startswith("{") else []


@dataclass
class Cluster:
    """All of them. Made by `cluster`; they are not started."""

    kafka: Kafka
    sink: KeyedSink
    session_secs: int
    nodes: Sequence[Node] = field(default_factory=list)

    def start(self) -> Self:
        """Start all, until all are ready."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.service.await_ready()
        return self

    def logs(self) -> str:
        """The ends of what they wrote."""
        return "\n".join(f"--- {node.name}\n{node.service.log.read_text()[-3000:]}" for node in self.nodes)


@contextlib.contextmanager
def cluster(folder: Path, nodes: int, session_secs: int = 10) -> Iterator[Cluster]:
    """A broker, a sink and so many logbooms, each behind a proxy of its own; whatever runs at the end is killed."""
    with ExitStack() as stack:
        sink = stack.enter_context(KeyedSink())
        ports = free_ports(nodes)
        (folder / "kafka").mkdir()
        kafka = Kafka(folder / "kafka", proxied=ports)
        stack.callback(kafka.kill)
        kafka.start()
        proxies = [
            stack.enter_context(tcp_proxy(behind, port)) for behind, port in zip(kafka.behind, ports, strict=True)
        ]
        made = Cluster(kafka, sink, session_secs)
        made.nodes = [_node(folder, made, number, proxy) for number, proxy in enumerate(proxies)]
        stack.callback(_kill, made)
        yield made


def _node(folder: Path, made: Cluster, number: int, proxy: TcpProxy) -> Node:
    name = f"n{number}"
    (folder / name).mkdir()
    to = {
        "brokers": [f"127.0.0.1:{proxy.port}"], "prefix": PREFIX, "instance_id": name, "session_timeout": f"{made.session_secs}s",
        "replication_factor": 1, "min_insync_replicas": 1, "create_topics": True,
    }  # fmt: skip
    return Node(name, Service(folder / name, config=configuration(made.sink.url, to)), proxy)


def _kill(made: Cluster) -> None:
    for node in made.nodes:
        node.signal(signal.SIGCONT)
        node.service.kill()
