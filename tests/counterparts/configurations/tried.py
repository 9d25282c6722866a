"""The same records through the processors of a configuration, without a service around them: what CI compares."""

from __future__ import annotations

import json
from typing import Any

from collector.cli.trying.trial import tried
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.settings import load
from counterparts.configurations.chosen import Configuration
from counterparts.configurations.played import Output, named
from counterparts.configurations.said import requests
from counterparts.received_otlp import records
from otlp_wire import encode, inspect

_PLACE = "127.0.0.1:4317"


def by_the_processors(configuration: Configuration) -> dict[str, Output]:
    """Exporter → what is handed to it. Each pipeline of logs gets each request."""
    sinks = {name: _options(name) for name in configuration.outputs}
    tree = configuration.between({"grpc": {"endpoint": _PLACE}}, sinks)
    settings = load([f"yaml:{json.dumps(tree)}"])
    found: dict[str, list[Any]] = {name: [] for name in configuration.outputs}
    for pipeline in settings.pipelines.values():
        for number, body in enumerate(requests()):
            entry = Entry("0" * 16, number, "default", "otlp", body, inspect(body).records, 1, bytes(16))
            done = tried(settings, pipeline.id, decode([entry]).batch)
            left = done.left.get(pipeline.id)
            sent = [] if left is None else records([encode(left)])
            for exporter in pipeline.exporters:
                found[exporter] += sent
    return {name: named(each) for name, each in found.items()}


def _options(exporter: str) -> dict[str, Any]:
    if exporter.startswith("file"):
        return {"path": "/tmp/never-written.json"}
    return {"endpoint": f"http://{_PLACE}" if "http" in exporter else _PLACE}
