"""What both servers have in common: a process with inputs on loopback that writes what it understood as JSON lines."""

from __future__ import annotations

import json
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psutil

from collector.testing.service import free_ports
from counterparts.certificates import Authority, Pair
from counterparts.syslog_servers.debian import environment, unpacked

Transport = Literal["udp", "tcp", "tls", "mutual"]
Framing = Literal["octet_counting", "newline"]
Protocol = Literal["rfc5424", "rfc3164"]
_START_SECS, _WAIT_SECS = 60.0, 60.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message as the server parsed it; a field it did not find is empty. `pri` is the number in angle brackets."""

    input: str
    pri: int
    time: str
    host: str
    app: str
    procid: str
    msgid: str
    sd: str
    msg: str


class SyslogServer(ABC):
    """A server that is started when entered; `kill` is SIGKILL, `start` again listens on the same ports.

    Args:
        folder: its configuration, certificates and output; one server each.
        authority: signs its certificate, and with `mutual` those of its clients.
        certificate: shown instead of a fresh one.
    """

    inputs: Sequence[str] = ()

    def __init__(self, folder: Path, authority: Authority, certificate: Pair | None = None) -> None:
        self.root = unpacked()
        self.folder = folder
        self.authority = authority
        self.certificate = certificate or authority.issue(f"{type(self).__name__.lower()}")
        self.output = folder / "received.jsonl"
        self._ports = dict(zip(self.inputs, free_ports(len(self.inputs)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def input(self, transport: Transport, framing: Framing, protocol: Protocol) -> str | None:
        """The name of the input for such messages, None when the server has none."""

    @abstractmethod
    def configuration(self, ports: Mapping[str, int]) -> str:
        """Its configuration file."""

    @abstractmethod
    def command(self, configuration: Path) -> Sequence[str]:
        """Its command line, in the foreground."""

    @abstractmethod
    def received(self, line: Mapping[str, Any]) -> Received:
        """A line of its output."""

    def port(self, name: str) -> int:
        """Of an input."""
        return self._ports[name]

    def start(self) -> None:
        """Returns when it listens everywhere."""
        file = self.folder / "server.conf"
        file.write_text(self.configuration(self._ports))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                list(self.command(file)), cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=dict(environment(self.root)),
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECS
        while not set(self._ports.values()) <= self._listening():
            dead = self._process.poll() is not None
            if dead or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{type(self).__name__} does not start:\n{self.log()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL; safe without `start`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def log(self) -> str:
        """The end of what it told."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def messages(self) -> list[Received]:
        """All whole lines it has written so far."""
        if not self.output.exists():
            return []
        lines = self.output.read_text(errors="replace").split("\n")[:-1]
        return [self.received(json.loads(line)) for line in lines]

    def await_messages(self, count: int) -> list[Received]:
        """Once there are `count` of them; a test that gets fewer fails with what there is."""
        deadline = time.monotonic() + _WAIT_SECS
        while len(found := self.messages()) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages: {found}\n{self.log()}"
            time.sleep(0.02)
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _listening(self) -> set[int]:
        assert self._process is not None
        try:
            connections = psutil.Process(self._process.pid).net_connections("inet")
        except psutil.Error:
            return set()
        return {one.laddr.port for one in connections if not one.raddr}
