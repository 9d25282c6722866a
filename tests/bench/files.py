"""What following files costs: CPU of all processes from the file to delivery's end, in lines a second and core; and that of quiet files.

python tests/bench/files.py [plain regex json cri cri_json quiet] [--lines 1000000]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from collector.testing.service import Service

CONFIG = """
receivers:
  file_log: {{include: ["FOLDER/*.log"], start_at: beginning, include_file_path: true, operators: OPERATORS}}
exporters: {{nop: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  processes: {{ingest: 1, workers: 1}}
  ledger: {{partitions: 1}}
  pipelines: {{logs: {{receivers: [file_log], exporters: [nop]}}}}
"""
_TIMES: list[dict[str, Any]] = [
    {"type": "time_parser", "parse_from": "attributes.time", "layout": "%Y-%m-%dT%H:%M:%S.%LZ"},
    {"type": "severity_parser", "parse_from": "attributes.level"},
]
_JSON = (
    '{{"time":"2026-11-30T08:00:00.{milliseconds:03}Z","level":"info","msg":"served","user":{number},"path":"/api"}}'
)


def _plain(number: int) -> str:
    return f"2026-11-30T08:00:00.{number % 1000:03}Z INFO shop served request {number:07} in 12 ms, to the content of all who had asked for it"


def _json(number: int) -> str:
    return _JSON.format(number=number, milliseconds=number % 1000)


def _cri(number: int, said: str) -> str:
    return f"2026-11-30T08:00:00.{number % 10**9:09}Z stdout F {said}"


KINDS: dict[str, tuple[Callable[[int], str], list[dict[str, Any]]]] = {
    "plain": (_plain, []),
    "regex": (_plain, [{"type": "regex_parser", "regex": r"^(?P<time>\S+) (?P<level>[A-Z]+) (?P<text>.*)$"}, *_TIMES]),
    "json": (_json, [{"type": "json_parser"}, *_TIMES]),
    "cri": (
        lambda n: _cri(n, f"served request {n:07} in 12 ms, to the content of all who had asked"),
        [{"type": "container"}],
    ),
    "cri_json": (lambda n: _cri(n, _json(n)), [{"type": "container"}, {"type": "json_parser"}, *_TIMES]),
}
"""Number → line, and what takes it apart."""


def _cpu(service: Service) -> float:
    assert service.process is not None
    processes = [psutil.Process(service.process.pid), *service.children()]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _ended(service: Service) -> int:
    text = service.get("/metrics", service.metrics)[1]
    found = re.findall(r'^logboom\S*\{[^}]*component="?exporter/nop[^}]*exported[^}]*\} (\S+)$', text, re.MULTILINE)
    return int(sum(map(float, found)))


def read(kind: str, lines: int) -> float:
    """Lines a second and core."""
    line, operators = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "pods" / "shop_web-1_49cc7c1fd3702c40b2686ea7486091d3" / "web"
        logs.mkdir(parents=True)
        written = json.dumps(operators).replace("{", "{{").replace("}", "}}")
        config = CONFIG.replace("FOLDER", str(logs)).replace("OPERATORS", written)
        with Service(Path(folder), config=config) as service:
            time.sleep(3)
            before = _cpu(service)
            (logs / "0.part").write_text("".join(f"{line(number)}\n" for number in range(lines)))
            (logs / "0.part").rename(logs / "0.log")
            while _ended(service) < lines:
                time.sleep(0.2)
            return lines / (_cpu(service) - before)


def quiet(files: int = 10_000, secs: float = 30.0) -> float:
    """The share of a core that quiet files cost, less what a service without them costs."""
    shares = []
    for number in (0, files):
        with tempfile.TemporaryDirectory() as folder:
            logs = Path(folder) / "logs"
            logs.mkdir()
            for each in range(number):
                (logs / f"{each}.log").write_text(f"{each} started\n")
            config = (
                CONFIG.replace("FOLDER", str(logs))
                .replace("OPERATORS", "[]")
                .replace("start_at: beginning", "start_at: end")
            )
            with Service(Path(folder), config=config) as service:
                time.sleep(90)  # until they count as quiet
                before = _cpu(service)
                time.sleep(secs)
                shares.append((_cpu(service) - before) / secs)
    return shares[1] - shares[0]


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=[*KINDS, "quiet"])
    parser.add_argument("--lines", type=int, default=1_000_000)
    given = parser.parse_args()
    for kind in given.kinds:
        if kind == "quiet":
            print(f"10,000 quiet files: {quiet():.1%} of a core")
        else:
            print(f"{kind}: {read(kind, given.lines):,.0f} lines/s/core")


if __name__ == "__main__":
    main()
