"""Speaks to the brokers of a cluster, and remembers how, for commands and the console of this machine, which know no configuration.

DIR/cluster/connection.json   0600: `service.ledger.kafka` as it was at the last start, with its secrets, and how many partitions there are
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.told import FOLDER
from collector.errors import StorageError, storage_error
from collector.kafka.client import connection_settings
from collector.kafka.wire import Wire

_FILE = "connection.json"


def connect(options: KafkaLedgerConfig) -> Wire:
    """Raises:
    LogboomError: confluent-kafka is not installed, or a certificate can't be read.
    """
    settings = connection_settings(options)  # says what is missing
    from collector.kafka.confluent import ConfluentWire  # loads librdkafka

    settings |= {"client.id": f"logboom-{options.instance}", **({"client.rack": options.rack} if options.rack else {})}
    return ConfluentWire(
        settings, options.names, max_message_bytes=options.max_message_bytes, compression=options.compression,
        session_secs=options.session_timeout,
    )  # fmt: skip


class Remembered(NamedTuple):
    """How a machine's cluster is reached."""

    options: KafkaLedgerConfig
    partitions: int


def remember(root: Path, options: KafkaLedgerConfig, partitions: int) -> None:
    """Raises `StorageError`."""
    folder = root / FOLDER
    draft = folder / f".{_FILE}"
    told = {"partitions": partitions, "generation": options.generation, "kafka": _plain(options)}
    text = json.dumps(told, indent=1)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.rename(folder / _FILE)
    except OSError as error:
        raise storage_error(folder, error) from error


def remembered(root: Path) -> Remembered | None:
    """None: the machine is of no cluster.

    Raises:
        StorageError: it can't be read.
    """
    path = root / FOLDER / _FILE
    try:
        told = json.loads(path.read_text())
        options = KafkaLedgerConfig.model_validate(told["kafka"]).of_generation(int(told.get("generation", 1)))
        return Remembered(options, int(told["partitions"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, KeyError, TypeError, ValidationError):
        raise StorageError(f"{path} is damaged: it is written anew at the next start of logboom") from None


def _plain(value: Any) -> Any:
    """What was written, as JSON."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        given = {name: getattr(value, name) for name in value.model_fields_set}
        fields = type(value).model_fields
        return {fields[name].alias or name: _plain(each) for name, each in given.items()}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return f"{value}s" if isinstance(value, float) else value
