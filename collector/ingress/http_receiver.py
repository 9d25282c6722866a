"""The life of a receiver that is one HTTP listener."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from collector.admission.admission import Admission
from collector.admission.entrance import Entrance
from collector.component import ServerAuthenticator
from collector.ingress.listening import cannot_listen
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.http_server import HttpListener


class HttpReceiver:
    """Listens as configured and passes requests to admission. Not started, it does nothing; shut down, it is over.

    Args:
        id: as configured (`json/main`).
        protocol: what `endpoints` and `gauges` call it.
        authenticator: asked of each request where `config.auth` is there.
        make_app: the application, of an entrance and the threads that `HttpListener.start` gives.
    """

    per_process = True

    def __init__(
        self,
        id: str,  # noqa: A002  the name it has in the configuration
        protocol: str,
        config: HttpServerConfig,
        authenticator: ServerAuthenticator | None,
        make_app: Callable[[Entrance, Any], Any],
    ) -> None:
        self._id = id
        self._protocol = protocol
        self._config = config
        self._authenticator = authenticator
        self._make_app = make_app
        self._listener: HttpListener | None = None
        self._entrance: Entrance | None = None
        self._bound = ""

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Bind. Raises `ConfigError`: the address is in use or not ours, or a TLS file can't be used."""
        config = self._config
        share = admission.statistics().max_in_flight_bytes
        named = config.auth.authenticator if config.auth is not None else ""
        entrance = Entrance(admission, self._id, share, self._authenticator, named, config.include_metadata)
        listener = HttpListener(config)
        self._listener, self._entrance = listener, entrance
        try:
            self._bound = listener.start(lambda turns: self._make_app(entrance, turns), share_port)
        except (OSError, ValueError) as error:
            self.shutdown(0.0)
            raise cannot_listen(f"receivers.{self._id}", config.endpoint, error) from error

    def endpoints(self) -> Mapping[str, str]:
        """Protocol → the address bound, with the port that the system chose for port 0."""
        return {self._protocol: self._bound} if self._bound else {}

    def leave(self, patience_secs: float) -> None:
        """See `HandsOver.leave`."""
        if self._listener is not None:
            self._listener.leave(patience_secs)

    def stop_intake(self) -> None:
        """Refuse new requests with a hint; those under way go on."""
        if self._entrance is not None:
            self._entrance.close()

    def shutdown(self, deadline_secs: float) -> None:
        """Let requests under way finish until the deadline, then close. Nothing is handed over afterwards."""
        self.stop_intake()
        ends = time.monotonic() + deadline_secs
        if self._entrance is not None:
            self._entrance.wait_until_empty(max(0.0, ends - time.monotonic()))
        if self._listener is not None:
            self._listener.shutdown(max(0.0, ends - time.monotonic()))
        self._listener, self._bound = None, ""

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """What is in use of what the listener bounds, and how often somebody had to give back."""
        return {self._protocol: self._listener.gauges()} if self._listener is not None else {}

    def silent_secs(self) -> float:
        """How long ago the event loop last gave a sign of life (each second)."""
        return self._listener.silent_secs() if self._listener is not None else 0.0
