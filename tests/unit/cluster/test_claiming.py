"""What librdkafka says while a partition is claimed."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from collector.errors import StorageError
from collector.kafka.confluent_writer import ConfluentWriter
from collector.kafka.wire import Unreachable


class Refusing:
    """A producer that can't be initialised."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code, "no", fatal=True)

    def init_transactions(self, _: float) -> None:
        raise KafkaException(self._error)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError._FENCED, Unreachable),
        (KafkaError.INVALID_PRODUCER_EPOCH, Unreachable),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, StorageError),
    ],
)
def test_a_partition_that_another_one_claims_ends_no_worker(code: int, kind: type[Exception]) -> None:
    """Two may claim it at once when it moves: it is tried again by whoever is its owner then. Rights do not come by waiting."""
    writer: Any = ConfluentWriter.__new__(ConfluentWriter)
    writer._name, writer._producer = "logboom-p1", Refusing(code)
    with pytest.raises(kind):
        writer.claim(0.1)
