"""Blocks of options that stand here for otelcol's sake: limits on repetitions, and what is accepted without effect."""

from __future__ import annotations

from pydantic import Field

from collector.component import Config
from collector.units import ByteSize, Duration


class OtelcolRetry(Config):
    """`retry`: otelcol's second block for retries. Its intervals are taken over unless `retry_on_failure` is there. Left
    out, nothing is given up; what is set here limits, and what is over a limit becomes a dead letter."""

    enabled: bool = True
    """False: one attempt, then a dead letter."""
    max_requests: int = Field(0, ge=0)
    """Deprecated upstream: attempts, `max_retries` + 1; 0 = `max_retries` says."""
    max_retries: int = Field(2, ge=0)
    """When set: a document is sent again this often, then it is a dead letter; 0 means 2. Unset: no limit (otelcol: 2)."""
    initial_interval: Duration = 0.1
    """As `retry_on_failure.initial_interval`."""
    max_interval: Duration = 60.0
    """As `retry_on_failure.max_interval`."""
    retry_on_status: list[int] = [429]
    """When set: requests are repeated for these statuses alone, other failures make dead letters. Unset: 408, 425, 429 and
    5xx are repeated (otelcol: 429)."""
    retry_on_document_status: list[int] = [429]
    """The same for the statuses of single documents, those documents alone."""

    @property
    def at_most(self) -> int | None:
        """How often a document is sent again; None = no limit."""
        if not self.enabled:
            return 0
        if self.max_requests:
            return self.max_requests - 1
        default = type(self).model_fields["max_retries"].default
        return (self.max_retries or int(default)) if "max_retries" in self.model_fields_set else None

    @property
    def statuses(self) -> frozenset[int] | None:
        """The statuses of requests that are repeated; None = all that may pass."""
        return frozenset(self.retry_on_status) if "retry_on_status" in self.model_fields_set else None

    @property
    def document_statuses(self) -> frozenset[int] | None:
        """The statuses of documents that are repeated; None = all that may pass."""
        return frozenset(self.retry_on_document_status) if "retry_on_document_status" in self.model_fields_set else None


class Discover(Config):
    """`discover`: accepted; list the nodes in `endpoints`."""

    on_start: bool = False
    """Accepted; nodes are not looked for."""
    interval: Duration = 0.0
    """Accepted; nodes are not looked for."""


class Telemetry(Config):
    """`telemetry`: accepted; what is refused is a dead letter, which `logboom deadletter show` shows."""

    log_request_body: bool = False
    """Accepted; bodies are never logged."""
    log_response_body: bool = False
    """Accepted; bodies are never logged."""
    log_failed_docs_input: bool = False
    """Accepted; see dead letters."""
    log_failed_docs_input_rate_limit: Duration = 1.0
    """Accepted."""


class Flush(Config):
    """`flush`: deprecated upstream; use `sending_queue.batch`."""

    bytes: ByteSize = 5_000_000
    """Accepted."""
    interval: Duration = 10.0
    """Accepted."""
