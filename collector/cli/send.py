"""`logboom send`: a generator of load and of samples."""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from collector.cli.traffic.client import Client, GrpcClient, HttpClient, send_until_acknowledged
from collector.cli.traffic.payloads import Template, templates

_DIFFERENT = 32
"""Requests that are made before sending begins; then they come again under new serial numbers."""


class Protocol(StrEnum):
    """What to speak."""

    GRPC = "grpc"
    HTTP = "http"


@dataclass(slots=True)
class Tally:
    """What the connections did, together."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    serials: itertools.count[int] = field(default_factory=itertools.count)
    acknowledged: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list)
    problem: str = ""
    warned: bool = False

    @property
    def hopeless(self) -> bool:
        """A whole patience passed, and nothing was ever taken: more of it would tell nothing new."""
        return self.failed > 0 and self.acknowledged == 0

    def warn(self, problem: str) -> None:
        """Say the first refusal at once: whoever waits should know what for."""
        with self.lock:
            if not self.warned:
                self.warned = True
                sys.stderr.write(f"not taken yet, sending it again: {problem}\n")

    def add(self, records: int, wait: float, problem: str) -> None:
        """Note one request."""
        with self.lock:
            if problem:
                self.failed += records
                self.problem = problem
            else:
                self.acknowledged += records
                self.waits.append(wait)


def send(
    records: Annotated[int, typer.Option(min=1, help="How many records to send in all.")] = 10_000,
    batch_size: Annotated[int, typer.Option(min=1, help="Records a request.")] = 500,
    rate: Annotated[
        float, typer.Option(min=0, help="Records a second over all connections; 0 = as fast as it goes.")
    ] = 0.0,
    connections: Annotated[int, typer.Option(min=1, max=256, help="Connections, one request at a time each.")] = 1,
    protocol: Annotated[Protocol, typer.Option(help="OTLP over gRPC or HTTP.")] = Protocol.GRPC,
    endpoint: Annotated[str, typer.Option(help="host:port, or a URL for HTTP.")] = "",
    domain: Annotated[
        str, typer.Option(help="Send all as this domain; default: the domains of the sample services.")
    ] = "",
    header: Annotated[str, typer.Option(help="The header that names the domain.")] = "x-logboom-domain",
    gzip: Annotated[bool, typer.Option(help="Compress the requests.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same records.")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    patience: Annotated[float, typer.Option(help="Seconds to go on resending a refused request.")] = 30.0,
) -> None:
    """Send sample logs of several services and domains, and say what was acknowledged.

    Every payload carries a serial number, so that none is taken for a duplicate. A refused request is resent, as an
    SDK does, until --patience ends; if nothing at all was taken by then, the rest is not sent. Exit code 1 when
    something was not acknowledged.

    Examples:

        logboom send --records 100000 --rate 5000

        logboom send --protocol http --endpoint http://127.0.0.1:4318 --batch-size 20 --connections 8
    """
    tally = Tally()
    turn = iter(enumerate(_requests(records, batch_size, seed)))
    began = time.monotonic()

    def work() -> None:
        client = _client(protocol, endpoint, gzip, header)
        while True:
            with tally.lock:
                number, template = next(turn, (0, None))
            if template is None or tally.hopeless:
                break
            _send_one(client, template, tally, domain, patience, began + number * _gap(rate, batch_size))
        client.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _report(tally, time.monotonic() - began, json_)


def _requests(records: int, batch_size: int, seed: int) -> Iterator[Template]:
    """What to send, request by request; the last one holds what is left."""
    whole, rest = divmod(records, batch_size)
    pool = templates(seed, batch_size, count=min(whole, _DIFFERENT))
    last = templates(seed, rest, count=1) if rest else []
    return itertools.chain(itertools.islice(itertools.cycle(pool), whole), last)


def _gap(rate: float, batch_size: int) -> float:
    return batch_size / rate if rate else 0.0


def _send_one(client: Client, template: Template, tally: Tally, domain: str, patience: float, due: float) -> None:
    pause = due - time.monotonic()
    if pause > 0:
        time.sleep(pause)
    body = template.numbered(time.time_ns() % 10**9 * 10**7 + next(tally.serials))
    began = time.monotonic()
    problem = send_until_acknowledged(client, body, domain or template.domain, patience, tally.warn)
    tally.add(template.records, time.monotonic() - began, problem)


def _client(protocol: Protocol, endpoint: str, gzip: bool, header: str) -> Client:
    if protocol is Protocol.GRPC:
        return GrpcClient(endpoint or "127.0.0.1:4317", gzip, header)
    return HttpClient(endpoint or "http://127.0.0.1:4318", gzip, header)


def _report(tally: Tally, seconds: float, as_json: bool) -> None:
    waits = sorted(tally.waits) or [0.0]
    result = {
        "acknowledged": tally.acknowledged,
        "failed": tally.failed,
        "seconds": round(seconds, 3),
        "p50_ms": round(waits[len(waits) // 2] * 1e3, 3),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1e3, 3),
        "problem": tally.problem,
    }
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        _print(result)
    if tally.failed:
        raise typer.Exit(1)


def _print(result: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(
        "{acknowledged:,} records acknowledged in {seconds:.1f} s ({rate:,.0f}/s), answers p50 {p50_ms:.1f} ms, "
        "p99 {p99_ms:.1f} ms".format(**result, rate=result["acknowledged"] / result["seconds"])
    )
    if result["failed"]:
        console.print(
            "[red]{failed:,} records were not acknowledged; the last answer: {problem}[/red]".format(**result)
        )
