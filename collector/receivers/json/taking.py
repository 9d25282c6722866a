"""One request on its way to the journal: its records, as they are found, become one OTLP payload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from collector.errors import InvalidPayload
from collector.ingress.documents import BadRecord, documents
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.plans import Resource
from otlp_wire import Received, Repairs, receive_json, record_writing
from otlp_wire.inspection import byte_gate, check_records


class Taking:
    """What is taken of a body.

    Args:
        skip: leave out what is no record, and count it; else it refuses the request.
    """

    def __init__(self, skip: bool = False) -> None:
        self.records = 0
        self.skipped = 0
        self.first = ""
        self._skip = skip
        self._groups: dict[Resource, list[bytes]] = {}
        self._payloads: list[bytes] = []
        self._more_groups = 0
        self._repairs = Repairs()

    def take(self, mapper: Mapper, record: Any) -> None:
        """One record: an object, or the text of a line."""
        if type(record) is dict:
            resource, fields = mapper.record(record)
        elif type(record) is str:
            resource, fields = (), record_writing.body_field(record)
        else:
            self.bad(BadRecord("record", self.records + self.skipped + 1, "neither an object nor a text"))
            return
        self.add(resource, fields)

    def add(self, resource: Resource, fields: bytes) -> None:
        """One record that is written."""
        self.records += 1
        group = self._groups.get(resource)
        if group is None:
            group = self._groups[resource] = []
        group.append(fields)

    def take_otlp(self, document: Mapping[str, Any]) -> None:
        """An object with `resourceLogs`."""
        try:
            received = receive_json(record_writing.plain_text(document).encode("utf-8", "surrogatepass"))
        except InvalidPayload as error:
            self.bad(BadRecord("record", self.records + self.skipped + 1, error.reason))
            return
        self.take_payload(received)

    def take_payload(self, received: Received) -> None:
        """What is OTLP already."""
        self._payloads.append(received.body)
        self.records += received.records
        self._more_groups += received.groups
        self._repairs = received.repairs or self._repairs

    def bad(self, bad: BadRecord) -> None:
        """What can't be taken. Raises it where all or nothing is post."""
        if not self._skip:
            raise bad
        self.skipped += 1
        self.first = self.first or bad.reason

    def documents(self, body: bytes) -> Iterator[Any]:
        """The JSON documents of a body."""
        return documents(body, self.bad)

    def received(self) -> Received:
        """All that was taken. Raises `TooLarge` for more records than a request may hold."""
        check_records(self.records)
        body = record_writing.request(self._groups) + b"".join(self._payloads)
        repairs = Repairs(rejected=self.skipped, first=self.first) if self.skipped else self._repairs
        return Received(body, self.records, 2 * len(self._groups) + self._more_groups, repairs)


Reader = Callable[[Taking, bytes], None]
"""Finds the records of a body and gives them to the taking."""


def read_by(reader: Reader, taking: Taking) -> Callable[[bytes], Received]:
    """What admission calls with the body: one large body at a time, for its objects take many times its bytes."""

    def read(body: bytes) -> Received:
        with byte_gate(len(body)):
            if body.strip(b" \t\r\n\0"):
                reader(taking, body)
            return taking.received()

    return read
