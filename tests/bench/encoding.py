"""Every exporter's `encode`, on the demo's traffic after categorize and triage: µs a record of CPU, one thread.

make bench-encoding

Bodies as they are, then compressed as they are sent by default. The records are ten thousand of a shop's services.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before polars is loaded: CPU time of one thread is what compares

import tempfile
from pathlib import Path
from typing import Any

from sample_records import micros, triaged

from collector.batch import LogBatch
from collector.component import Context, Kind
from collector.registry import default_registry

CLOUDFLARE = {"account_id": "a" * 32, "api_token": "t"}
AZURE = {"dcr_id": "dcr-1", "stream": "Custom-L_CL", "tenant_id": "t", "client_id": "c", "client_secret": "s"}
GOOGLE = {"project": "p", "location": "eu", "instance": "i", "log_type": "T", "credentials": "{}"}
LOCAL = "http://127.0.0.1:1"
SYSLOG = {"endpoint": "127.0.0.1"}

EXPORTERS: dict[str, tuple[str, dict[str, Any], bool]] = {
    **{f"elasticsearch, {mode}": ("elasticsearch", {"endpoint": LOCAL, "mapping": {"mode": mode}}, True)
       for mode in ("otel", "ecs", "none", "raw")},
    "elasticsearch, ecs + security": (
        "elasticsearch", {"endpoint": LOCAL, "mapping": {"mode": "ecs", "security": True}}, True),
    "d1": ("d1", {**CLOUDFLARE, "database_id": "d"}, False),
    "kv": ("kv", {**CLOUDFLARE, "namespace_id": "n"}, False),
    "splunk_hec": ("splunk_hec", {"endpoint": LOCAL, "token": "t", "max_content_length_logs": 800_000_000}, True),
    "splunk_hec, OCSF": (
        "splunk_hec",
        {"endpoint": LOCAL, "token": "t", "format": "ocsf", "max_content_length_logs": 800_000_000}, True),
    **{f"syslog, {model}": ("syslog", {**SYSLOG, "format": model}, False)
       for model in ("text", "json", "cef", "leef", "ocsf")},
    "syslog, RFC 3164": ("syslog", {**SYSLOG, "protocol": "rfc3164"}, False),
    "sentinel": ("sentinel", {"endpoint": LOCAL, "authority": LOCAL, **AZURE}, True),
    "chronicle": ("chronicle", {"endpoint": LOCAL, **GOOGLE}, True),
    "clickhouse": ("clickhouse", {"endpoint": LOCAL}, False),
    "googlecloud": ("googlecloud", {"project": "p", "log": {"compression": "gzip"}}, False),
    "azure_monitor": ("azure_monitor", {"instrumentation_key": "k"}, True),
    "awscloudwatchlogs": ("awscloudwatchlogs", {"log_group_name": "g", "log_stream_name": "s"}, False),
    "datadog": ("datadog", {"endpoint": LOCAL, "api": {"key": "k"}}, True),
    "http, OCSF": ("http", {"url": LOCAL, "format": "ocsf", "max_body_bytes": "100MB"}, True),
    "otlphttp": ("otlphttp", {"endpoint": LOCAL}, True),
}  # fmt: skip
"""Label → (type, options, whether it compresses)."""


def cost(kind: str, options: dict[str, Any], records: LogBatch, folder: Path) -> float:
    """µs a record of one exporter's `encode`."""
    factory = default_registry().find(Kind.EXPORTER, kind)
    assert factory is not None
    exporter = factory.create(factory.config.model_validate(options), Context(kind, folder))
    return micros(lambda: exporter.encode(records), len(records))


def main() -> None:
    """Print a Markdown table."""
    records = triaged()
    print(f"{len(records)} records, encoded at once\n")
    print("| exporter | µs/record | compressed |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for label, (kind, options, compresses) in EXPORTERS.items():
            plain = {"disable_compression": True} if kind == "splunk_hec" else {"compression": "none"}
            bare = cost(kind, {**options, **(plain if compresses else {})}, records, Path(folder))
            packed = f"{cost(kind, options, records, Path(folder)):.2f}" if compresses else ""
            print(f"| {label} | {bare:.2f} | {packed} |", flush=True)


if __name__ == "__main__":
    main()
