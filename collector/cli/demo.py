"""`logboom demo`: the main job on this machine, with sample traffic, and where to look."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.columns import Columns
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from collector.cli import demo_incident
from collector.cli.defaults import default_config
from collector.visible import visible

PORTS = {"grpc": 4317, "http": 4318, "console": 8080, "health": 13133, "metrics": 8888}
COUNTED = {"domain": "domain", "environment": "environment", "component": "component", "level": "triage_level"}
LEVEL_STYLE = {"critical": "bold red", "warning": "yellow", "info": "green", "debug": "dim"}


def demo(
    data_dir: Annotated[Path, typer.Option(help="Where logboom keeps its data.")] = Path("logboom-data"),
    seconds: Annotated[float, typer.Option(min=1, help="How long to send.")] = 15.0,
    rate: Annotated[int, typer.Option(min=1, help="Records a second.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed sends the same records.")] = 7,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on at the end, for a look at the console, until Ctrl-C.")
    ] = False,
) -> None:
    """Start logboom with its default configuration, send sample logs through OpenTelemetry SDKs, show what arrives.

    Six services of two domains log over gRPC and HTTP. logboom acknowledges each request once it is on disk,
    categorizes and triages the records, and stores them in DATA_DIR/store.db. At the end a version is deployed that fails:
    the demo shows the issue, its cause, and where logboom says to look.
    """
    console = Console()
    ports = {name: _free_port(port) for name, port in PORTS.items()}
    console.print(f"Starting logboom on 127.0.0.1:{ports['grpc']} (gRPC) and :{ports['http']} (HTTP) …")
    store, shown = data_dir / "store.db", _command()
    with _running(data_dir, ports, console):
        sent = _send(data_dir, ports, seconds, rate, seed, console)
        demo_incident.show(console, store, shown, data_dir)
        if keep:
            _wait_at(console, f"http://127.0.0.1:{ports['console']}")
    _say_where_to_look(console, data_dir, sent, _stored(store), shown)


def _free_port(wanted: int) -> int:
    """The usual port, or another one when something else has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise typer.BadParameter(f"no free port instead of {wanted}")


@contextlib.contextmanager
def _running(data_dir: Path, ports: dict[str, int], console: Console) -> Iterator[None]:
    protocols = "receivers.otlp.protocols"
    sets = [
        f"{protocols}.grpc.endpoint=127.0.0.1:{ports['grpc']}",
        f"{protocols}.http.endpoint=127.0.0.1:{ports['http']}",
        f"extensions.console.endpoint=127.0.0.1:{ports['console']}",
        f"extensions.health_check.endpoint=127.0.0.1:{ports['health']}",
        f"service.telemetry.metrics.readers=[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {ports['metrics']}}}}}}}}}]",
        "service.domains.header=x-logboom-domain",
        "service.domains.names=[tamyla.com, wetechfounders.com]",
    ]
    command = [
        sys.executable,
        "-P",
        "-m",
        "collector.cli",
        "run",
        "--config",
        str(default_config()),
        "--data-dir",
        str(data_dir),
    ]
    process = subprocess.Popen([*command, *(part for value in sets for part in ("--set", value))])  # noqa: S603 - ourselves
    try:
        _await_ready(process, ports["health"])
        yield
    finally:
        console.print("Stopping logboom …")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _await_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise typer.Exit(process.returncode or 1)
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2).close()
            return
        time.sleep(0.05)
    raise typer.Exit(1)


def _send(data_dir: Path, ports: dict[str, int], seconds: float, rate: int, seed: int, console: Console) -> int:
    from collector.cli.traffic.incident import Incident
    from collector.cli.traffic.sdk import Senders

    doors = f"127.0.0.1:{ports['grpc']}", f"http://127.0.0.1:{ports['http']}"
    senders = Senders(*doors, seed)
    act = demo_incident.Act(Incident(*doors, seed), data_dir, seconds)
    store = data_dir / "store.db"
    before = _stored(store)
    began = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while (elapsed := time.monotonic() - began) < seconds:
            senders.emit(max(0, int(elapsed * rate) - senders.sent))
            act.play(elapsed)
            live.update(_view(store, senders.sent + act.sent, before))
            time.sleep(0.25)
        senders.close()
        act.close()
        sent = senders.sent + act.sent
        deadline = time.monotonic() + 20
        while _stored(store) - before < sent and time.monotonic() < deadline:
            time.sleep(0.25)
            live.update(_view(store, sent, before))
    console.print(_view(store, sent, before))
    return sent


def _wait_at(console: Console, address: str) -> None:
    """Until somebody has seen enough."""
    console.print(
        f"\n[bold green]The console shows all of it: {address}[/bold green]   Ctrl-C ends the demo.", highlight=False
    )
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def _connect(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)


def _stored(store: Path) -> int:
    if not store.exists():
        return 0
    with contextlib.closing(_connect(store)) as connection, contextlib.suppress(sqlite3.OperationalError):
        return int(connection.execute("SELECT count(*) FROM logs WHERE generation IS NULL").fetchone()[0])
    return 0


def _view(store: Path, sent: int, before: int) -> Table:
    frame = Table.grid(padding=(0, 2))
    frame.add_row(f"[bold]{sent:,}[/bold] records sent through SDKs, [bold]{_stored(store) - before:,}[/bold] stored")
    if store.exists():
        with contextlib.closing(_connect(store)) as connection, contextlib.suppress(sqlite3.OperationalError):
            frame.add_row(Columns([_count_table(connection, title, column) for title, column in COUNTED.items()]))
    return frame


def _count_table(connection: sqlite3.Connection, title: str, column: str) -> Table:
    table = Table(title=f"by {title}", title_justify="left", min_width=24)
    table.add_column(title)
    table.add_column("records", justify="right")
    query = f"SELECT coalesce({column}, '-'), count(*) FROM logs WHERE generation IS NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 10"  # noqa: S608 - a constant
    for value, count in connection.execute(query):
        style = LEVEL_STYLE.get(value, "") if title == "level" else ""
        table.add_row(Text(visible(str(value))), f"{count:,}", style=style)
    return table


def _command() -> str:
    """How people call this program."""
    command = Path(sys.argv[0])
    return os.path.relpath(command) if command.is_absolute() else str(command)


def _say_where_to_look(console: Console, data_dir: Path, sent: int, stored: int, shown: str) -> None:
    critical = "SELECT domain, component, triage_rule, body FROM logs WHERE triage_level = 'critical' LIMIT 5"
    console.print(f"""
[bold green]{sent:,} records were sent; the store now holds {stored:,}.[/bold green]  It is {data_dir / "store.db"} (SQLite, table logs).

Look at it:
  {shown} query --data-dir {data_dir} "{critical}"
  {shown} query --data-dir {data_dir} "SELECT domain, triage_level, count(*) FROM logs GROUP BY 1, 2"

Run it yourself, and point your OpenTelemetry SDK at it:
  {shown} run --data-dir {data_dir}             # with the default configuration; {shown} init writes it to a file
  The console is at http://localhost:8080 while it runs: what is wrong, why, and every record. {shown} demo --keep leaves it up.
  OTEL_LOGS_EXPORTER=otlp OTEL_TRACES_EXPORTER=none OTEL_METRICS_EXPORTER=none \\
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf your-service
  {shown} tail --data-dir {data_dir}          # follow what comes in
  {shown} send --records 100000 --rate 5000   # or make some load
""", markup=True, highlight=False, soft_wrap=True)  # noqa: S608 - shown, not run  # fmt: skip
