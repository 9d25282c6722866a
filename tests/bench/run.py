"""`make bench`: logboom against Rotel on this machine, in one run.

Server processes are pinned to core 0, load generator and sink to core 1. The figure that compares is CPU microseconds
a record over all processes of a system; rates depend on the load generator too. Each figure is the median of several
runs. `--quick` makes one short run of each; `--write` puts the tables into tests/bench/README.md between its bench markers.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from load import Sent, Sink, send
from processes import Usage
from systems import System, logboom, rotel
from tables import Row, render, write_readme

Start = Callable[[], System]


def measured(system: System, protocol: str, batch: int, connections: int, records: int, rate: float = 0.0,
             finished: Callable[[], bool] | None = None) -> tuple[Sent, Usage]:  # fmt: skip
    """Warm up, then send `records` and wait until the system has finished with them."""
    port = system.grpc if protocol == "grpc" else system.http
    send(protocol, port, batch, connections, max(records // 10, batch * connections))
    time.sleep(0.5)
    before = system.tree.usage()
    sent = send(protocol, port, batch, connections, records, rate)
    deadline = time.monotonic() + 120
    began = time.monotonic()
    while finished is not None and not finished() and time.monotonic() < deadline:
        time.sleep(0.02)
    sent = replace(sent, seconds=sent.seconds + time.monotonic() - began)
    time.sleep(0.5)
    return sent, system.tree.usage().since(before)


def row(label: str, system: str, runs: list[tuple[Sent, Usage]]) -> Row:
    """Medians of several runs."""

    def median(of: Callable[[Sent, Usage], float]) -> float:
        return statistics.median(of(sent, usage) for sent, usage in runs)

    return Row(
        label, system,
        cpu_us=median(lambda sent, usage: usage.total / sent.acknowledged * 1e6),
        rate=median(lambda sent, _: sent.acknowledged / sent.seconds),
        p50_ms=median(lambda sent, _: sent.p50_ms), p99_ms=median(lambda sent, _: sent.p99_ms),
    )  # fmt: skip


def ingest(scale: float, runs: int) -> list[Row]:
    """(a) Accept and acknowledge: ours on disk, Rotel's in memory; both throw the records away after."""
    rows = []
    for name, start in {"logboom": lambda: logboom("nop", triage=False), "Rotel": rotel}.items():
        system = start()
        for protocol in ("grpc", "http"):
            for batch, connections, records in (
                (500, 1, 400_000),
                (500, 16, 400_000),
                (20, 1, 20_000),
                (20, 16, 40_000),
            ):
                label = f"{protocol}, {batch} records a request, {connections} connection(s)"
                taken = [measured(system, protocol, batch, connections, int(records * scale)) for _ in range(runs)]
                rows.append(row(label, name, taken))
        paced = [measured(system, "grpc", 500, 4, int(200_000 * scale), 20_000) for _ in range(runs)]
        rows.append(row("grpc, 500 records a request, paced at 20,000 records/s", name, paced))
        system.stop()
    return sorted(rows, key=lambda r: r.label)


def passthrough(scale: float, runs: int) -> list[Row]:
    """(b) OTLP in, OTLP out over gRPC, uncompressed, to the same sink."""
    rows = []
    for name in ("logboom", "Rotel"):
        sink = Sink()
        system = logboom("otlp", triage=False, sink=sink.port) if name == "logboom" else rotel(sink.port)
        taken = []
        for _ in range(runs):
            records = int(300_000 * scale)
            goal = sink.records() + records + max(records // 10, 500 * 4)
            taken.append(
                measured(system, "grpc", 500, 4, records, finished=lambda goal=goal, sink=sink: sink.records() >= goal)
            )
        rows.append(row("grpc → grpc, 500 records a request", name, taken))
        system.stop()
        sink.stop()
    return rows


def triaged(scale: float, runs: int) -> list[Row]:
    """(c) Categorize and triage every record, then throw it away or store it in SQLite."""
    rows = []
    for exporter in ("nop", "sqlite"):
        taken = []
        for _ in range(runs):
            system = logboom(exporter, triage=True)
            taken.append(measured(system, "grpc", 500, 4, int(200_000 * scale), finished=drained(system)))
            system.stop()
        rows.append(row(f"OTLP → categorize + triage → {exporter}", "logboom", taken))
    return rows


def drained(system: System) -> Callable[[], bool]:
    """True when every accepted record has left the outbox: read from the count rows on disk."""
    from collector.backend.offline import view_of

    assert system.folder is not None
    view = view_of(system.folder / "data")

    def done() -> bool:
        counts = view.counts()
        accepted = sum(n for (_, by, outcome), n in counts.items() if (by[:9], outcome) == ("receiver/", "accepted"))
        exported = sum(n for (_, _, outcome), n in counts.items() if outcome == "exported")
        return accepted == exported

    return done


def memory(seconds: float) -> list[str]:
    """(d) Anonymous memory of all processes at 20,000 records/s."""
    system = logboom("sqlite", triage=True)
    samples = []
    slices = max(4, int(seconds // 15))
    for _ in range(slices):
        send("grpc", system.grpc, 500, 4, int(20_000 * seconds / slices), 20_000)
        samples.append(system.tree.usage().anonymous / 2**20)
    system.stop()
    return [
        f"(d) anonymous memory of all processes over {seconds:.0f} s at 20,000 records/s into SQLite: "
        + ", ".join(f"{sample:.0f}" for sample in samples) + " MiB"
    ]  # fmt: skip


def startup(runs: int) -> list[str]:
    """(e) From exec to ready, on a fresh data directory."""
    times = []
    for _ in range(runs):
        system = logboom("sqlite", triage=True, cores="0-1")
        times.append(system.started_secs)
        system.stop()
    return [f"(e) start to ready, fresh data directory, both cores: {statistics.median(times):.2f} s"]


def main() -> None:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=list("abcde"), nargs="*", default=list("abcde"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    scale, runs, seconds = (0.25, 1, 30.0) if options.quick else (1.0, 3, 180.0)
    Path("build").mkdir(exist_ok=True)
    parts: list[str] = []
    for letter, job in {"a": ingest, "b": passthrough, "c": triaged}.items():
        if letter in options.only:
            assert job.__doc__ is not None
            parts.append(render(f"({letter}) {job.__doc__.split(') ', 1)[1]}", job(scale, runs)))
            print(parts[-1], flush=True)
    if "d" in options.only:
        parts += memory(seconds)
        print(parts[-1], flush=True)
    if "e" in options.only:
        parts += startup(max(runs, 3))
        print(parts[-1], flush=True)
    if options.write:
        write_readme(Path(__file__).with_name("README.md"), "\n\n".join(parts))


if __name__ == "__main__":
    main()
