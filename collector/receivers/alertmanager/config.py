"""The options of the `alertmanager` receiver: an HTTP listener's, and how labels are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from collector.ingress.listener_config import ListenerConfig
from collector.units import ByteSize, Duration

Label = Annotated[str, Field(min_length=1, max_length=200)]
Level = Literal["critical", "warning", "info", "debug"]


class AlertmanagerReceiverConfig(ListenerConfig):
    """Options of the `alertmanager` receiver."""

    probed: ClassVar[tuple[str, str]] = ("alertmanager", "/-/healthy")

    endpoint: str = "localhost:9093"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    max_request_body_size: ByteSize = Field(4 << 20, ge=0)
    """The largest body, on the wire and again after decompression; 0 = 4 MiB."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may raise alerts, and that needs no warning; never with several domains. To read and to silence takes `auth`."""
    resolve_timeout: Duration = Field(300.0, ge=1)
    """An alert that says no end is over after this time, unless it is told again."""
    level_labels: list[Label] = ["severity", "level", "priority"]
    """Labels that say how bad it is; the first that an alert has."""
    severities: dict[str, Level] = {}
    """Their values, and what they mean: `page: critical`. Beside the usual words for severities; what says nothing is a warning."""
    service_labels: list[Label] = ["service", "service_name", "app", "job"]
    """Labels that name the service; the first that an alert has."""
    environment_labels: list[Label] = ["environment", "env", "deployment_environment"]
    """Labels that name the environment; the first that an alert has."""
    senders_read: bool = False
    """Whoever may send alerts may also read them, and silence: for authenticators that know no roles (basicauth, bearertokenauth)."""
    store: Path | None = None
    """The file of an exporter `sqlite`, of which GET answers are made; unset: `store.db` in the data directory."""
