"""The load: `logboom send` on the other core, and a sink that counts what a system forwards."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import CLIENT_CORE, Tree, await_port, free_port

SINK = Path(__file__).with_name("sink.py")


@dataclass(frozen=True)
class Sent:
    """What the load generator saw."""

    acknowledged: int
    seconds: float
    p50_ms: float
    p99_ms: float


def send(protocol: str, port: int, batch: int, connections: int, records: int, rate: float = 0.0) -> Sent:
    """Send and wait until all is acknowledged."""
    endpoint = f"127.0.0.1:{port}" if protocol == "grpc" else f"http://127.0.0.1:{port}"
    command = ["taskset", "-c", str(CLIENT_CORE), str(Path(sys.executable).with_name("logboom")), "send", "--json",
               "--protocol", protocol, "--endpoint", endpoint, "--batch-size", str(batch),
               "--connections", str(connections), "--records", str(records), "--rate", str(rate)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    result = json.loads(done.stdout)
    return Sent(result["acknowledged"], result["seconds"], result["p50_ms"], result["p99_ms"])


class Sink:
    """A gRPC or HTTP listener on the client's core that counts records."""

    def __init__(self) -> None:
        self.port = free_port()
        self._tree = Tree([sys.executable, str(SINK), str(self.port)], str(CLIENT_CORE))
        await_port(self.port)

    def records(self) -> int:
        """How many arrived so far."""
        import grpc

        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            call = channel.unary_unary("/bench/Count", request_serializer=None, response_deserializer=None)
            return int(call(b"", timeout=10))

    def stop(self) -> None:
        """End it."""
        self._tree.stop()
