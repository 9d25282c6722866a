"""A receiver that misbehaves on purpose: a process of its own, so that it can be frozen and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from collector.testing.service import free_ports
from counterparts.certificates import Pair

_PROGRAM = "counterparts.syslog_servers.receiver_process"
_WAIT_SECS = 60.0


class Receiver:
    """A process that is started when entered; after `kill`, `start` listens on the same port again.

    Args:
        folder: keeps its file.
        certificate: speaks TLS.
        client_ca: wants certificates of clients.
        receive_buffer: SO_RCVBUF in bytes; the kernel keeps twice that.
        hang_up_after: (connections, bytes): that many first connections are broken after so many bytes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        certificate: Pair | None = None,
        client_ca: Path | None = None,
        receive_buffer: int = 0,
        hang_up_after: tuple[int, int] = (0, 0),
    ) -> None:
        self.output = folder / "stored"
        self.output.touch()
        self.certificate = certificate
        self.client_ca = client_ca
        self._numbers = [receive_buffer, *hang_up_after]
        [self.port] = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = [sys.executable, "-m", _PROGRAM, str(self.port), str(self.output), *map(str, self._numbers)]
        if self.certificate is not None:
            command += ["--cert", str(self.certificate.cert), "--key", str(self.certificate.key)]
        if self.client_ca is not None:
            command += ["--client-ca", str(self.client_ca)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def freeze(self) -> None:
        """It stops reading; its kernel goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; safe twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def stored(self) -> list[str]:
        """The messages, without their trailing newlines."""
        return self.output.read_text().split("\n")[:-1]

    def await_stored(self, count: int) -> list[str]:
        """Once there are `count` of them."""
        deadline = time.monotonic() + _WAIT_SECS
        while len(found := self.stored()) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages"
            time.sleep(0.02)
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
