"""What was cut of text, as it goes to the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.ingress.cutting import Cut, Range
from collector.ingress.cutting_options import codec_of
from collector.ingress.octets import joined
from collector.ingress.text_input import TextInput
from collector.journal.text import Scalar, Text
from collector.stanza.options import StepsConfig
from otlp_wire import Received, Repairs
from otlp_wire.repairs import Reason


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the journal; `fault` says what is wrong with its records."""

    text: Text
    records: int
    fault: str = ""

    def read(self, body: bytes) -> Received:
        """As admission takes it; see `Read`."""
        del body  # it is cut already
        repairs = Repairs()
        if self.fault:
            repairs = Repairs(0, {Reason.FRAMING: self.records}, f"the framing is broken: {self.fault}")
        return Received(self.text.body(), self.records, 1, repairs)


class Pieces:
    """Makes them, by the options of a receiver.

    Args:
        fault_key: the attribute of records that are not as they should be: why; empty: they have none.
        clock: nanoseconds since the epoch.
    """

    def __init__(
        self, given: TextInput, steps: StepsConfig, fault_key: str = "", clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._given, self._steps, self._fault_key, self._clock = given, steps, fault_key, clock
        self._binary = codec_of(given.encoding) == ""

    def of_cut(self, cut: Cut, told: Mapping[str, Scalar]) -> Iterator[Piece]:
        """What is right, and what is not."""
        if cut.records:
            yield self.of(cut.text, cut.ranges, cut.records, told)
        for reason, found in cut.faults.items():
            more = {self._fault_key: reason} if self._fault_key else {}
            text, ranges = joined(found)
            yield self.of(text, ranges, len(found), {**told, **more}, reason)

    def of(
        self, text: bytes, ranges: Sequence[Range] | None, records: int, told: Mapping[str, Scalar], fault: str = ""
    ) -> Piece:
        """One of them."""
        given, steps = self._given, self._steps
        made = Text(
            text, ranges, {**steps.attributes, **told}, steps.resource, keep_leading=given.preserve_leading_whitespaces,
            keep_trailing=given.preserve_trailing_whitespaces, binary=self._binary, read_unix_nano=self._clock(),
        )  # fmt: skip
        return Piece(made, records, fault)
