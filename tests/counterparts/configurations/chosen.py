"""Which configurations are compared, and each of them between a sender and a sink of ours.

The project's own, in tests/golden/otelcol/configurations; and those of the folder that LOGBOOM_CONFORMANCE_DIR names whose pipelines of logs have nothing
but what the Collector of the comparison is built with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from counterparts.conformance import FOLDER

OWN = Path(__file__).parents[2] / "golden" / "otelcol" / "configurations"
PROCESSORS = frozenset(
    {"attributes", "batch", "filter", "groupbyattrs", "memory_limiter", "resource", "transform"}
)  # fmt: skip
_SENDS = frozenset({"otlp", "otlp_grpc", "otlphttp", "otlp_http", "file"})
_SHOWS = frozenset({"debug", "logging", "nop"})
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_WORDS = {"LIMIT|SIZE|MIB|NUM": "512", "INSECURE|ENABLED": "true", "TIMEOUT|INTERVAL": "10s"}
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Of one file: its pipelines of logs alone.

    Args:
        kept: where its results belong: `own` or `conformance`.
        pipelines: pipeline → its exporters that send something; one that only shows records has a file instead.
    """

    name: str
    kept: str
    tree: Tree
    pipelines: Mapping[str, tuple[str, ...]]

    @property
    def outputs(self) -> list[str]:
        """All exporters."""
        return list(dict.fromkeys(name for names in self.pipelines.values() for name in names))

    def between(self, receiver: Mapping[str, Any], sinks: Mapping[str, Mapping[str, Any]]) -> Tree:
        """It, listening where a sender is and sending where `sinks` say (exporter → options that replace its own)."""
        exporters = {name: {**_open(self.tree["exporters"].get(name) or {}), **sinks[name]} for name in self.outputs}
        pipelines = {
            name: {"receivers": ["otlp"], "processors": self._processors(name), "exporters": list(outputs)}
            for name, outputs in self.pipelines.items()
        }
        used = {ident for each in pipelines.values() for ident in each["processors"]}
        processors = {name: _hurried(name, self.tree["processors"][name]) for name in sorted(used)}
        return {
            "receivers": {"otlp": {"protocols": receiver}}, "processors": processors, "exporters": exporters,
            "service": {"pipelines": pipelines},
        }  # fmt: skip

    def _processors(self, pipeline: str) -> list[str]:
        return self.tree["service"]["pipelines"][pipeline].get("processors") or []


@cache
def chosen() -> Mapping[str, Configuration]:
    """All of them, by name."""
    paths = [("own", path) for path in sorted(OWN.glob("*.yaml")) if path.name != "differences.yaml"]
    paths += [("conformance", path) for part in ("configs", "more-configs") for path in sorted((FOLDER / part).glob("*.yaml"))]  # fmt: skip
    found = [_configuration(kept, path) for kept, path in paths]
    return {each.name: each for each in found if each is not None}


def _configuration(kept: str, path: Path) -> Configuration | None:
    try:
        tree = yaml.load(
            _VARIABLE.sub(lambda found: found[2] or _set(found[1]), path.read_text()), Loader=yaml.CSafeLoader
        )
        written = tree["service"]["pipelines"]
    except (yaml.YAMLError, KeyError, TypeError):
        return None
    tree = {**tree, **{section: tree.get(section) or {} for section in ("receivers", "processors", "exporters")}}
    logs = {name: each or {} for name, each in written.items() if _type(name) == "logs"}
    if not logs or not all(_comparable(tree, each) for each in logs.values()):
        return None
    pipelines = {
        name: tuple(ident for ident in each["exporters"] if _type(ident) in _SENDS) or (f"file/{name.replace('/', '_')}",)
        for name, each in logs.items()
    }  # fmt: skip
    return Configuration(path.stem, kept, tree, pipelines)


def _set(variable: str) -> str:
    """What whoever runs the file would have set."""
    return next((value for words, value in _WORDS.items() if re.search(words, variable.upper())), "value")


def _comparable(tree: Tree, pipeline: Mapping[str, Any]) -> bool:
    def has(section: str, types: frozenset[str]) -> bool:
        named = pipeline.get(section) or []
        return isinstance(named, list) and all(ident in tree[section] and _type(ident) in types for ident in named)

    return (
        bool(pipeline.get("receivers")) and bool(pipeline.get("exporters")) and has("receivers", frozenset({"otlp"}))
        and has("processors", PROCESSORS) and has("exporters", _SENDS | _SHOWS)
    )  # fmt: skip


def _type(ident: str) -> str:
    return ident.partition("/")[0].strip()


def _open(exporter: Tree) -> Tree:
    """Without what belongs to the address that it would send to, and without answers that are waited for."""
    left_out = ("auth", "tls", "logs_endpoint", "traces_endpoint", "metrics_endpoint", "profiles_endpoint", "headers", "path", "proxy_url", "sending_queue")  # fmt: skip
    return {key: value for key, value in exporter.items() if key not in left_out}


def _hurried(name: str, options: Tree | None) -> Tree:
    """Nobody waits for half a minute's records; and how much memory there is, is no part of them."""
    if _type(name) == "memory_limiter":
        return {"check_interval": "1s", "limit_mib": 4096}
    return {**(options or {}), "timeout": "100ms"} if _type(name) == "batch" else (options or {})
