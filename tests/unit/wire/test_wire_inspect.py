"""The door: what is refused, in which words, and what passes."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import otlp_wire
from collector.errors import InvalidPayload, TooLarge
from counterparts.examples import examples
from counterparts.wire_bytes import message, nested_arrays, number, request_of, varint
from otlp_wire.inspection import byte_gate

SECRET = b"s3cr3t-t0ken"
MALFORMED = {
    "garbage": b"\xff\xff\xff\xff",
    "text": b'{"resourceLogs": []}',
    "truncated record": request_of(message(3, SECRET))[:-1],
    "length beyond the end": message(1, b"")[:1] + varint(1 << 40),
    "length of 2^63": b"\x0a" + varint((1 << 63) - 1),
    "varint without end": request_of(b"\x10" + b"\xff" * 11),
    "field number 0": request_of(b"\x00\x01"),
    "wire type 6": request_of(b"\x0e"),
    "wire type 7": request_of(b"\x0f"),
    "end of a group that never began": request_of(b"\xa4\x06"),
    "group that never ends": request_of(b"\xa3\x06"),
    "severity text not UTF-8": request_of(message(3, SECRET + b"\xff")),
    "surrogate in UTF-8": request_of(message(3, SECRET + b"\xed\xa0\x80")),
    "overlong UTF-8": request_of(message(3, b"\xc0\x80")),
    "body not UTF-8": request_of(message(5, message(1, b"\xc3"))),
    "nested key not UTF-8": request_of(message(5, message(6, message(1, message(1, b"\xff"))))),
    "nested value truncated": request_of(message(5, message(6, b"\x0a\xff"))),
    "nested 49 arrays deep": request_of(message(5, nested_arrays(49))),
    "nested 10,000 arrays deep": request_of(message(5, nested_arrays(10_000))),
    "trace id too short": request_of(b"", message(9, SECRET)),
    "ids as text": request_of(message(9, b"0123456789abcdef" * 2) + message(10, b"0123456789abcdef")),
    "a short and a long id": request_of(message(10, b"1234"), message(10, b"123456789012")),
    "resource_logs as a varint": number(1, 5),
    "scope_logs as a varint": message(1, number(2, 5)),
    "log_records as a varint": message(1, message(2, number(2, 5))),
    "schema_url as a varint": message(1, number(3, 5)),
    "resource as fixed64": message(1, b"\x09" + bytes(8)),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_payload_is_refused_without_being_quoted(body: bytes) -> None:
    """`InvalidPayload` with a sentence for the sender that holds nothing of the payload, and no hint to resend."""
    with pytest.raises(InvalidPayload, match="invalid protobuf: ") as refusal:
        otlp_wire.inspect(body)
    assert refusal.value.retry_after_secs is None
    assert "s3cr3t" not in refusal.value.reason
    assert refusal.value.__cause__ is None


ACCEPTED = {
    "nothing": (b"", (0, 0, 0)),
    "unknown fields": (number(99, 1) + request_of(number(99, 5) + message(100, b"x")), (1, 1, 1)),
    "empty group": (message(1, b""), (0, 1, 0)),
    "concatenated requests": (request_of(b"", b"") + request_of(b""), (3, 2, 2)),
    "nested 48 arrays deep": (request_of(message(5, nested_arrays(48))), (1, 1, 1)),
    "ids, and none": (request_of(message(9, b"t" * 16) + message(10, b"s" * 8), b"", message(9, b"")), (3, 1, 1)),
    "unknown severity": (request_of(number(2, 77)), (1, 1, 1)),
}


@pytest.mark.parametrize(("body", "counts"), ACCEPTED.values(), ids=ACCEPTED)
def test_valid_payload_is_counted(body: bytes, counts: tuple[int, int, int]) -> None:
    """(records, resources, scopes), and nothing that the official parser takes is refused."""
    assert otlp_wire.inspect(body) == otlp_wire.Shape(*counts)


GOOD = message(9, b"\xf0" * 16) + message(10, b"\xf1" * 8)
BAD = {
    "a short one": message(9, b"\xf0" * 15) + message(10, b"\xf1" * 8),
    "a trace id of 64 bits": message(9, b"\xf0" * 8) + message(10, b"\xf1" * 8),
    "text": message(9, b"0123456789abcdef" * 2) + message(10, b"0123456789abcdef"),
    "a span id of the length of a trace id": message(10, b"\xf1" * 16),
}


@pytest.mark.parametrize("others", [GOOD, b""], ids=["with ids", "without"])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("count", [10, 500])
def test_one_wrong_id_is_seen_among_many_records(count: int, bad: bytes, others: bytes) -> None:
    """In small requests, and by their sum in large ones; right ones, and records without, pass. (Text in a large one is
    known by the first id.)"""
    assert otlp_wire.inspect(request_of(*[others, b""] * (count // 2))).records == count
    with pytest.raises(InvalidPayload):
        otlp_wire.inspect(request_of(bad, *[others] * count))


def test_groups_are_limited() -> None:
    """Resources and scopes count together; exactly the limit passes."""
    body = message(1, message(2, b"") * 2) * 3
    assert otlp_wire.inspect(body, max_groups=9).scopes == 6
    with pytest.raises(TooLarge, match="more than 8 resources and scopes"):
        otlp_wire.inspect(body, max_groups=8)


def test_records_are_limited() -> None:
    """Exactly the limit passes."""
    body = request_of(*[b""] * 5)
    assert otlp_wire.inspect(body, max_records=5).records == 5
    with pytest.raises(TooLarge, match="5 records in one request, the limit is 4"):
        otlp_wire.inspect(body, max_records=4)


def test_the_limit_says_how_to_send_less() -> None:
    """2 KB of gzip hold a million empty records; no sender sends so many on purpose."""
    with pytest.raises(
        TooLarge, match=r"100001 records in one request, the limit is 100000: send smaller batches \(`send_"
    ):
        otlp_wire.inspect(request_of(*[b""] * 100_001))
    with pytest.raises(TooLarge, match="100001 records in one request, the limit is 100000"):
        otlp_wire.json_to_protobuf(
            b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[%s]}]}]}' % b",".join([b"{}"] * 100_001)
        )


def test_large_payloads_are_parsed_one_at_a_time() -> None:
    """A payload over 1 MiB waits for the one before; small ones don't."""
    large = request_of(message(3, b"x" * (2 << 20)))
    done = threading.Event()

    def parse() -> None:
        otlp_wire.inspect(large)
        done.set()

    with byte_gate(len(large)):
        thread = threading.Thread(target=parse)
        thread.start()
        assert otlp_wire.inspect(request_of(b"")).records == 1
        assert not done.wait(0.05)
    thread.join(30)
    assert done.is_set()


def test_gate_opens_again_after_a_refusal() -> None:
    """A malformed large payload doesn't keep the gate."""
    for _ in range(2):
        with pytest.raises(InvalidPayload):
            otlp_wire.inspect(b"\xff" * (2 << 20))


def test_the_door_needs_no_dataframes() -> None:
    """A process that only receives imports neither polars nor pyarrow: memory and start-up time."""
    code = (
        "import sys, otlp_wire; otlp_wire.inspect(b''); otlp_wire.json_to_protobuf(b'{}');"
        "print(sorted({'polars', 'pyarrow', 'ptars'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


@settings(max_examples=examples(200))
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_counted_or_refused(body: bytes) -> None:
    """Nothing but the two refusals leaves the door."""
    with suppress(InvalidPayload):
        assert otlp_wire.inspect(body).records >= 0
