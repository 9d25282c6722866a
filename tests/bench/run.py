"""`make bench`: logboom against Rotel and the OpenTelemetry Collector on this machine, in one run.

Server processes are pinned to core 0, load generator and sink to core 1. The figure that compares is CPU microseconds a record over all
processes of a system; all systems of a table get the load in turn, and a ratio is that of one turn. `--quick` takes short turns; `--keep` adds
the run to `history/bench.jsonl`; `--write` puts the tables into README.md between its bench markers.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import history
from load import Sent, Sink, send
from measuring import drained, measured, warm_up
from processes import Usage
from systems import System, logboom, otel_collector, rotel
from tables import write_readme
from turns import OURS, Compared, in_turn, spread, table

ROTEL, COLLECTOR, DURABLE = "Rotel", "Collector", "Collector, queue on disk"
LOADS = [(protocol, batch, connections, records) for protocol in ("grpc", "http")
         for batch, connections, records in ((500, 16, 300_000), (20, 1, 12_000), (20, 16, 30_000))]  # fmt: skip
_LIBRARIES = "import grpc, numpy, polars, pyarrow, pydantic"
"""What a start is compared with: loading the same libraries, on the same machine."""


def ended(systems: Sequence[System]) -> None:
    """All of them, with their data."""
    for system in systems:
        system.stop()


def accepting(scale: float, turns: int) -> list[Compared]:
    """(a) Accept and acknowledge: ours on disk, the peers' in memory; all throw the records away after."""
    systems = {OURS: logboom("nop", triage=False), ROTEL: rotel(), COLLECTOR: otel_collector()}
    rows = []
    for protocol, batch, connections, records in LOADS:

        def taken(
            name: str, _: int, load: tuple[str, int, int, int] = (protocol, batch, connections, records)
        ) -> tuple[Sent, Usage]:
            return measured(systems[name], *load[:3], int(load[3] * scale), warm=True)

        for system in systems.values():
            warm_up(system, protocol, batch, connections, max(int(records * scale) // 10, batch * connections))
        rows.append(
            in_turn(f"{protocol}, {batch} records a request, {connections} connection(s)", list(systems), turns, taken)
        )
    paced = "grpc, 500 records a request, paced at 20,000 records/s"
    rows.append(
        in_turn(
            paced,
            list(systems),
            turns,
            lambda name, _: measured(systems[name], "grpc", 500, 4, int(60_000 * scale), 20_000, warm=True),
        )
    )
    ended(list(systems.values()))
    return rows


def passing(scale: float, turns: int) -> list[Compared]:
    """(b) OTLP in, OTLP out over gRPC, uncompressed, to the same sink. Rotel has no queue on disk."""
    sinks = {name: Sink() for name in (OURS, ROTEL, COLLECTOR, DURABLE)}
    systems = {
        OURS: logboom("otlp", triage=False, sink=sinks[OURS].port),
        ROTEL: rotel(sinks[ROTEL].port),
        COLLECTOR: otel_collector(sinks[COLLECTOR].port),
        DURABLE: otel_collector(sinks[DURABLE].port, durable=True),
    }
    records = int(200_000 * scale)
    for system in systems.values():
        warm_up(system, "grpc", 500, 4, 20_000)
    time.sleep(2.0)

    def taken(name: str, _: int) -> tuple[Sent, Usage]:
        goal = sinks[name].records() + records
        return measured(
            systems[name], "grpc", 500, 4, records, finished=lambda: sinks[name].records() >= goal, warm=True
        )

    rows = [in_turn("grpc → grpc, 500 records a request", list(systems), turns, taken)]
    ended(list(systems.values()))
    for sink in sinks.values():
        sink.stop()
    return rows


def working(scale: float, turns: int) -> list[Compared]:
    """(c) Categorize and triage every record, then throw it away or store it in SQLite; beside it Rotel, which only accepts."""
    rows = []
    for exporter in ("nop", "sqlite"):
        systems = {OURS: logboom(exporter, triage=True), ROTEL: rotel()}
        done = drained(systems[OURS])

        def taken(
            name: str, _: int, systems: dict[str, System] = systems, done: Callable[[], bool] = done
        ) -> tuple[Sent, Usage]:
            return measured(
                systems[name], "grpc", 500, 4, int(150_000 * scale), finished=done if name == OURS else None
            )

        rows.append(in_turn(f"OTLP → categorize + triage → {exporter}", list(systems), turns, taken))
        ended(list(systems.values()))
    return rows


def memory(seconds: float) -> list[float]:
    """(d) Anonymous memory (Pss_Anon, summed: what forked children share counts once) of all processes at 20,000 records/s into SQLite, MiB."""
    system = logboom("sqlite", triage=True)
    samples = []
    slices = max(4, int(seconds // 10))
    for _ in range(slices):
        send("grpc", system.grpc, 500, 4, int(20_000 * seconds / slices), 20_000)
        samples.append(system.tree.usage().anonymous / 2**20)
    system.stop()
    return samples


def starts(turns: int, cores: str) -> tuple[list[float], list[float]]:
    """(e) Seconds from exec to ready on a fresh data directory, and of CPU as a multiple of what loading the libraries alone takes."""
    seconds, multiples = [], []
    for _ in range(turns):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", _LIBRARIES], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        loading = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        system = logboom("sqlite", triage=True, cores=cores)
        seconds.append(system.started_secs)
        multiples.append(system.tree.usage().total / loading)
        system.stop()
    return seconds, multiples


def main() -> None:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--turns", type=int, default=0, help="how many turns of each load (3; 2 with --quick)")
    parser.add_argument("--only", choices=list("abcde"), nargs="*", default=list("abcde"))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    scale, turns, seconds = (0.25, 2, 20.0) if options.quick else (1.0, 3, 60.0)
    turns = options.turns or turns
    Path("build").mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    rows: list[Compared] = []
    form = "quick form, " if options.quick else ""
    parts = [f"Load before it on {os.cpu_count()} cores: {load:.1f}; {form}{turns} turns."]
    for letter, job in {"a": accepting, "b": passing, "c": working}.items():
        if letter in options.only:
            found = job(scale, turns)
            rows += found
            parts.append(table(f"({letter}) {(job.__doc__ or '').split(') ', 1)[1]}", found))
            print(parts[-1], flush=True)
    figures: dict[str, Sequence[float]] = {}
    if "d" in options.only:
        samples = memory(seconds)
        figures["memory, MiB"] = samples
        parts.append(f"(d) anonymous memory of all processes over {seconds:.0f} s at 20,000 records/s into SQLite: " + ", ".join(f"{each:.0f}" for each in samples) + " MiB")  # fmt: skip
        print(parts[-1], flush=True)
    if "e" in options.only:
        for cores, said in (("0-1", "both cores"), ("0", "one core")):
            taken, multiples = starts(turns, cores)
            figures[f"start, {said}, CPU of loading the libraries"] = multiples
            parts.append(f"(e) start to ready, fresh data directory, {said}: {statistics.median(taken):.2f} s; CPU {spread(multiples)} times that of loading its libraries")  # fmt: skip
            print(parts[-1], flush=True)
    if options.keep:
        history.keep(history.entry(rows, figures, load))
    if options.write:
        write_readme(Path(__file__).with_name("README.md"), "\n\n".join(parts))


if __name__ == "__main__":
    main()
