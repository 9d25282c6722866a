"""Whatever a record holds, a strict parser finds its own header and one message; nothing of it is a control character."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.examples import examples
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from otlp_wire import any_from_python

NAME = r"[!#-<>-Z\\^-~]{1,32}"
VALUE = r'(?:[^"\\\]\x00-\x08\x0a-\x1f]|\\["\\\]])*'
MESSAGE = re.compile(
    rf"<(?P<pri>0|[1-9][0-9]{{0,2}})>(?P<version>[1-9][0-9]{{0,2}}) "
    r"(?P<time>-|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z) "
    r"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<procid>[!-~]{1,128}) (?P<msgid>[!-~]{1,32}) "
    rf'(?P<sd>-|(?:\[{NAME}(?: {NAME}="{VALUE}")*\])+)(?: (?P<msg>.*))?',
    re.DOTALL,
)
"""RFC 5424, section 6."""
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

hostile = st.text(
    st.one_of(st.sampled_from('\n\r\0\x1b\t "\\]=[<>:13-\x85\u2028\x7fé€😀'), st.characters(exclude_categories=["Cs"]))
)
attributes = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("hostname", "appname", "proc_id", "msg_id", "priority", "version", "message"), hostile),
)
elements = st.none() | st.dictionaries(hostile, st.dictionaries(hostile, hostile, max_size=3), max_size=3)
records = st.tuples(attributes, elements, hostile, st.integers(-1, 25), st.integers(0, 2**64 - 1))


def rows_of(found) -> list[Row]:
    rows = []
    for own, nested, body, severity, moment in found:
        more = [] if nested is None else [("structured_data", Nested(any_from_python(nested)))]
        fields = {"body": body, "severity_number": severity, "time_unix_nano": moment, "event_name": body[:8]}
        rows.append(Row("id", [*own.items(), *more], [("host.name", body), ("service.name", body)], fields=fields))
    return rows


def frames(body: bytes) -> list[bytes]:
    """Octet counting, read strictly."""
    found = []
    while body:
        length, _, rest = body.partition(b" ")
        assert re.fullmatch(rb"[1-9][0-9]*", length)
        found.append(rest[: int(length)])
        assert len(found[-1]) == int(length)
        body = rest[int(length) :]
    return found


def encoder(**options) -> Encoder:
    return Encoder(SyslogConfig.model_validate({"endpoint": "localhost", **options}))


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(st.lists(records, min_size=1, max_size=4))
def test_rfc5424(found):
    """Each record is one frame that the grammar takes."""
    rows = rows_of(found)
    made = frames(encoder(structured_data={"enterprise_number": 32473}).encode(batch_of(rows)).body)
    assert len(made) == len(rows)
    for frame in made:
        text = frame.decode()
        assert MESSAGE.fullmatch(text), text
        assert not CONTROLS.search(text)


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.lists(records, min_size=1, max_size=4))
def test_newline_framing_cuts_into_the_same_messages(found):
    """Both framings and datagrams carry the same messages."""
    batch = batch_of(rows_of(found))
    counted = frames(encoder().encode(batch).body)
    lines = encoder(framing="newline").encode(batch).body
    assert lines.split(b"\n")[:-1] == [frame.removesuffix(b"\n") for frame in counted]
    datagrams = encoder(network="udp", max_message_size=8096).encode(batch)
    starts = [0, *datagrams.ends.tolist()]
    assert [datagrams.body[a:b] for a, b in pairwise(starts)] == lines.split(b"\n")[:-1]


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(st.lists(records, min_size=1, max_size=4))
def test_rfc3164(found):
    """One line a record; behind the date a host and, where there is a name, a TAG that ends with its colon."""
    lines = encoder(protocol="rfc3164").encode(batch_of(rows_of(found))).body.decode().split("\n")[:-1]
    assert len(lines) == len(found)
    for line in lines:
        assert re.match(r"<[0-9]{1,3}>[A-Z][a-z]{2} [ 123][0-9] [0-9:]{8} [A-Za-z0-9._/@:-]{1,255}( |$)", line), line
        assert not CONTROLS.search(line)


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(st.lists(records, min_size=1, max_size=3), st.sampled_from(["json", "ocsf", "ecs", "cef", "leef"]))
def test_documents(found, message_format):
    """A document never ends its message; JSON reads back to the body that was sent."""
    rows = rows_of(found)
    lines = encoder(format=message_format, framing="newline").encode(batch_of(rows)).body.decode().split("\n")
    assert len(lines) == len(rows) + 1
    for line, row in zip(lines, rows, strict=False):
        assert not CONTROLS.search(line)
        if message_format == "json":
            assert json.loads(MESSAGE.fullmatch(line)["msg"]).get("body", "") == row.fields["body"]


@pytest.mark.parametrize("character", [chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x2029)])
def test_each_control_character(character):
    """All of them are shown as the octal bytes of their UTF-8; the tab stays."""
    made = encoder(framing="newline").encode(batch_of([Row("1", fields={"body": f"a{character}b"})])).body.decode()
    shown = "\t" if character == "\t" else "".join(f"#{byte:03o}" for byte in character.encode())
    assert made.endswith(f" a{shown}b\n")
