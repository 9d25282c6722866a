"""Files followed by logboom and by an OpenTelemetry Collector, in one run: CPU of all processes of a system for each line.

    make bench-collector-files

`file_log` with the operators of a kind, OTLP over gRPC to a sink that counts. The same configuration for both; runs alternate. A file is made
beside the folder and renamed into it; what was read of a smaller one before is the warm-up. The system under test has core 0 for itself, the
sink core 1. The Collector keeps its places on disk (`file_storage`), its queue in memory; logboom writes every line and its place to disk, and
fsyncs them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from files import KINDS
from load import Sink
from processes import CLIENT_CORE, SERVER_CORE, Tree, Usage
from tables import machine

from counterparts.otelcol import built, version

_MOST_SECS = 120.0
_POD = Path("pods") / "shop_web-1_49cc7c1fd3702c40b2686ea7486091d3" / "web"
SYSTEMS = ("logboom", "Collector")


class Run(NamedTuple):
    """CPU seconds by process, and how long it took."""

    usage: Usage
    secs: float


def configuration(folder: Path, operators: list[Any], sink: int, *, storage: bool) -> dict[str, Any]:
    """The same for both but for where the Collector keeps its places."""
    files = {"include": [f"{folder / _POD}/*.log"], "start_at": "beginning", "include_file_path": True, "operators": operators}  # fmt: skip
    extensions: dict[str, Any] = {"file_storage": {"directory": str(folder)}} if storage else {}
    return {
        "receivers": {"filelog": {**files, **({"storage": "file_storage"} if storage else {})}},
        "processors": {"batch": {}},
        "exporters": {"otlp": {"endpoint": f"127.0.0.1:{sink}", "tls": {"insecure": True}, "compression": "none"}},
        "extensions": extensions,
        "service": {
            "extensions": [*extensions], "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"logs": {"receivers": ["filelog"], "processors": ["batch"], "exporters": ["otlp"]}},
        },
    }  # fmt: skip


@contextlib.contextmanager
def started(system: str, operators: list[Any], sink: Sink) -> Iterator[tuple[Tree, Path]]:
    """One of both, and the folder that it follows."""
    with tempfile.TemporaryDirectory(prefix="files-bench-", dir="build") as name:
        folder = Path(name).absolute()
        (folder / _POD).mkdir(parents=True)
        file = folder / "config.yaml"
        file.write_text(json.dumps(configuration(folder, operators, sink.port, storage=system != "logboom")))
        ours = [str(Path(sys.executable).with_name("logboom")), "run", "--config", str(file), "--data-dir", str(folder / "data")]  # fmt: skip
        command = ours if system == "logboom" else [str(built("files")), f"--config={file}"]
        tree = Tree(command, str(SERVER_CORE), log=folder / "log")
        try:
            yield tree, folder / _POD
        finally:
            tree.stop()


def measured(system: str, kind: str, lines: int) -> Run:
    """Warm up, give it the file, and wait until its last line came through."""
    line, operators = KINDS[kind]
    sink = Sink()
    try:
        with started(system, operators, sink) as (tree, folder):
            warm = max(lines // 10, 10_000)
            _appear(folder / "0.log", line, range(lines, lines + warm))
            _await(sink, warm, tree, folder)
            before, began = tree.usage(), time.monotonic()
            _appear(folder / "1.log", line, range(lines))
            _await(sink, warm + lines, tree, folder)
            secs = time.monotonic() - began
            time.sleep(1)  # what is behind the last line: places, acknowledgements
            return Run(tree.usage().since(before), secs)
    finally:
        sink.stop()


def _appear(path: Path, line: Callable[[int], str], numbers: range) -> None:
    part = path.with_suffix(".part")
    part.write_text("".join(f"{line(number)}\n" for number in numbers))
    part.rename(path)


def _await(sink: Sink, records: int, tree: Tree, folder: Path) -> None:
    deadline = time.monotonic() + _MOST_SECS
    while (there := sink.records()) < records:
        over = tree.process.poll() is not None or time.monotonic() > deadline
        assert not over, f"{there} of {records}: {(folder.parents[2] / 'log').read_text()[-3000:]}"
        time.sleep(0.1)
    assert there == records, f"{there} records of {records} lines"


def compared(kind: str, lines: int, runs: int) -> list[str]:
    """Rows of both, medians."""
    taken: dict[str, list[Run]] = {system: [] for system in SYSTEMS}
    for _ in range(runs):
        for system, found in taken.items():
            found.append(measured(system, kind, lines))
    cpu = {system: statistics.median(run.usage.total for run in found) / lines * 1e6 for system, found in taken.items()}
    rows = []
    for system, found in taken.items():
        ratio = f"{cpu[system] / cpu['Collector']:.2f}" if system == "logboom" else " "
        anonymous = statistics.median(run.usage.anonymous for run in found) / 2**20
        rate = lines / statistics.median(run.secs for run in found)
        rows.append(f"| {kind} | {system} | {cpu[system]:.2f} | {ratio} | {1e6 / cpu[system]:,.0f} | {rate:,.0f} | {anonymous:.0f} |")  # fmt: skip
    return rows


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=[*KINDS])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    Path("build").mkdir(exist_ok=True)
    built("files")
    os.sched_setaffinity(0, {CLIENT_CORE})  # inherited by all but the systems
    print(f"{machine()}; Collector {version('files')}\n")
    print(
        "| kind | system | CPU µs/line | of the Collector's | lines/s/core | lines/s | MiB |\n|---|---|---|---|---|---|---|"
    )
    for kind in options.kinds or KINDS:
        print(*compared(kind, options.lines, options.runs), sep="\n", flush=True)


if __name__ == "__main__":
    main()
