"""The demo's incident: a version is deployed, and half a minute later its requests fail."""

from __future__ import annotations

import itertools
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider

from collector.cli.traffic.scenario import SERVICES, Service, lines
from collector.cli.traffic.sdk import provider, record

SERVICE = next(service for service in SERVICES if service.name == "checkout-api")
VERSION = "2.15.0"
BODY = "order {id} could not be priced"
ERROR = ("KeyError", "'currency'")
_TRACE = """Traceback (most recent call last):
  File "/app/checkout/orders.py", line 88, in place
    total = self.prices.total(order)
  File "/app/checkout/prices.py", line 41, in total
    rate = self.rates[order["currency"]]
KeyError: 'currency'"""


class Incident:
    """Requests that the new version serves: most fail once it has begun."""

    def __init__(self, grpc_endpoint: str, http_endpoint: str, seed: int) -> None:
        self.sent = 0
        healthy = [sentence for sentence in SERVICE.sentences if not sentence.error and sentence.severity < 17]
        own = Service(
            SERVICE.domain, SERVICE.name, SERVICE.environment, SERVICE.protocol, SERVICE.language, tuple(healthy)
        )
        self._lines = lines(seed + 1, (own,))
        self._provider: LoggerProvider = provider(SERVICE, grpc_endpoint, http_endpoint, VERSION)

    def serve(self, count: int) -> None:
        """Requests that go well."""
        for line in itertools.islice(self._lines, count):
            self._provider.get_logger(line.logger).emit(record(line))
        self.sent += count

    def fail(self, count: int) -> None:
        """Requests that don't."""
        logger = self._provider.get_logger("checkout.PriceCalculator")
        for _ in range(count):
            logger.emit(self._failure())
            self.sent += 1

    def close(self) -> None:
        """Flush."""
        self._provider.shutdown()

    def _failure(self) -> LogRecord:
        now = time.time_ns()
        return LogRecord(
            timestamp=now, observed_timestamp=now, severity_number=SeverityNumber.ERROR, severity_text="ERROR",
            body=BODY.format(id=f"{now & 0xFFFFFFFF:08x}"),
            attributes={
                "exception.type": ERROR[0], "exception.message": ERROR[1], "exception.stacktrace": _TRACE,
                "http.request.method": "POST", "http.route": "/api/orders", "url.path": "/api/orders",
            },
        )  # fmt: skip
