"""Records of the Python SDK's logging handler, as its OTLP exporter encodes them, through both processors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collector.batch import LogBatch
from collector.component import Context
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.testing.work import FakeWork
from processors.categorize import FACTORY as CATEGORIZE
from processors.triage import FACTORY as TRIAGE


class Sdk:
    """A logger of the standard library whose records leave through the SDK."""

    def __init__(self) -> None:
        self.exporter = InMemoryLogRecordExporter()
        resource = Resource.create({"service.name": "shop-api", "deployment.environment.name": "prod"})
        self.provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self.exporter))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the handler moves to a contrib package
            from opentelemetry.sdk._logs import LoggingHandler

            self.handler = LoggingHandler(level=logging.DEBUG, logger_provider=self.provider)

    def logger(self, name: str) -> logging.Logger:
        logger = logging.Logger(name, level=logging.DEBUG)  # noqa: LOG001 - not in the tree: nobody else hears it
        logger.addHandler(self.handler)
        return logger

    def batch(self) -> LogBatch:
        body = encode_logs(self.exporter.get_finished_logs()).SerializeToString()
        decoded = decode([Entry("0" * 16, 1, "tamyla.com", "otlp", body, 1, 1_700_000_000_000, bytes(16))])
        assert not decoded.dead_letters
        batch = decoded.batch
        for factory in (CATEGORIZE, TRIAGE):
            processor = factory.create(factory.config(), Context(factory.name, Path()))
            batch = processor.process(batch, FakeWork())
        return batch


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    made = Sdk()
    yield made
    made.provider.shutdown()


def place_order(logger: logging.Logger) -> None:
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        logger.exception("order %d could not be saved", 7)


def test_records_of_the_sdk_are_sorted_and_judged(sdk: Sdk) -> None:
    place_order(sdk.logger("shop.orders.OrderService"))
    sdk.logger("shop.auth").info("signed in", extra={"http.route": "/login/:provider"})
    sdk.logger("shop.auth").debug("cache hit")
    sdk.logger("root").critical("cannot go on")
    batch = sdk.batch()
    assert batch.attribute("deployment.environment.name").to_list() == ["production"] * 4
    assert batch.attribute("logboom.source_type").to_list() == ["logic"] * 4
    assert batch.attribute("logboom.error_type").to_list() == ["exception", "none", "none", "error"]
    assert batch.attribute("logboom.component").to_list()[:3] == ["OrderService", "auth", "auth"]
    assert batch.attribute("logboom.endpoint").to_list() == [None, "/login/{provider}", None, None]
    assert batch.attribute("logboom.triage.level").to_list() == ["critical", "info", "debug", "critical"]
    assert batch.attribute("logboom.triage.rule").to_list() == [
        "dependency/upstream-refused",
        "severity/info",
        "severity/debug",
        "severity/fatal",
    ]


def test_what_the_sdk_sent_is_kept(sdk: Sdk) -> None:
    place_order(sdk.logger("shop.orders"))
    batch = sdk.batch()
    assert batch.attribute("exception.type").to_list() == ["ConnectionRefusedError"]
    assert batch.attribute("exception.message").to_list() == ["[Errno 111] Connection refused"]
    assert batch.attribute("code.function.name").to_list() == ["place_order"]
    assert batch.resource_attribute("service.name").to_list() == ["shop-api"]
    assert batch.attribute("exception.stacktrace")[0].startswith("Traceback (most recent call last):")
