"""The syslog receiver over sockets: framings, both standards, and what is neither."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.receivers.syslog import FACTORY
from collector.reserved import MALFORMED
from counterparts.text_receiving import text_receiving
from processors.categorize import FACTORY as CATEGORIZE

TCP, UDP = {"tcp": {"listen_address": "127.0.0.1:0"}}, {"udp": {"listen_address": "127.0.0.1:0"}}
NEW = b'<11>1 2021-10-11T22:14:15.5Z web shop 7 ID [a@1 b="c"] it fell'
OLD = b"<11>Oct 11 22:14:15 web shop[7]: it fell"


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


FRAMINGS: dict[str, tuple[dict[str, Any], bytes]] = {
    "lines": ({}, NEW + b"\n" + NEW + b"\r\n"),
    "lines, the last without its end": ({}, NEW + b"\n" + NEW),
    "trailer LF": ({"non_transparent_framing_trailer": "LF"}, NEW + b"\n" + NEW + b"\n"),
    "trailer NUL": ({"non_transparent_framing_trailer": "NUL"}, NEW + b"\0" + NEW + b"\0"),
    "octet counting": ({"enable_octet_counting": True}, counted(NEW) * 2),
    "octet counting that nobody announced": ({}, counted(NEW) * 2),
}


@pytest.mark.parametrize(("options", "sent"), FRAMINGS.values(), ids=FRAMINGS)
def test_framings_of_rfc_5424(options: dict[str, Any], sent: bytes) -> None:
    """The same records, whatever frames them."""
    with text_receiving(FACTORY, {**TCP, "protocol": "rfc5424", **options}) as receiving:
        with receiving.connected() as connection:
            connection.sendall(sent)
        found = receiving.eventually(2)
        expected = {
            "body": NEW.decode(), "time": 1_633_990_455_500_000_000, "severity": 17, "text": "err", "priority": 11, "facility": 1,
            "version": 1, "hostname": "web", "appname": "shop", "proc_id": "7", "msg_id": "ID", "message": "it fell",
            "structured_data": {"a@1": {"b": "c"}},
        }  # fmt: skip
        assert found == [expected] * 2


def test_rfc_3164_over_all_that_it_comes_by() -> None:
    """In a zone of its own."""
    options = {**TCP, **UDP, "protocol": "RFC3164", "location": "America/New_York"}
    with text_receiving(FACTORY, options) as receiving:
        receiving.datagrams(OLD)
        with receiving.connected() as connection:
            connection.sendall(OLD + b"\n")
        with receiving.connected() as connection:
            connection.sendall(counted(OLD))
        found = receiving.eventually(3)
        assert {record["body"] for record in found} == {OLD.decode()}
        for record in found:
            assert {key: record[key] for key in ("hostname", "appname", "proc_id", "message", "severity")} == {
                "hostname": "web", "appname": "shop", "proc_id": "7", "message": "it fell", "severity": 17,
            }  # fmt: skip
            assert record["time"] % 86_400_000_000_000 == (2 * 3600 + 14 * 60 + 15) * 1_000_000_000


def test_what_is_no_message_is_a_record_and_says_why() -> None:
    """With what could be read of it; its neighbours are whole."""
    sent = [b"no syslog", b"<11>1 yesterday web shop 7 ID - it fell", b"\xff\x00binary", b"<11>it fell", NEW]
    with text_receiving(FACTORY, {**UDP, "protocol": "rfc5424"}) as receiving:
        receiving.datagrams(*sent)
        found = receiving.eventually(5)
        assert [record.get(MALFORMED) for record in found] == [
            "no header",
            "the time can't be read",
            "no header",
            "no header",
            None,
        ]
        assert [record.get("appname") for record in found] == [None, "shop", None, None, "shop"]
        assert [record.get("severity") for record in found] == [None, 17, None, 17, 17]


def test_broken_framing_is_told_on_its_records() -> None:
    """A length that is none, too small, too large, and a half message at the end."""
    sent = b"it fell\n" + counted(NEW) + b"4 " + NEW + counted(NEW) + counted(NEW)[:-4]
    with text_receiving(FACTORY, {**TCP, "protocol": "rfc5424", "enable_octet_counting": True}) as receiving:
        with receiving.connected() as connection:
            connection.sendall(sent)
        found = receiving.eventually(7)
        assert sum(MALFORMED not in record for record in found) == 2
        assert {record[MALFORMED] for record in found if MALFORMED in record} == {
            "no length",
            "no header",
            "unfinished",
        }
        assert receiving.admission.statistics().repairs == {"framing": 3}


def test_what_is_no_message_may_be_dropped() -> None:
    """And is counted then."""
    with text_receiving(FACTORY, {**UDP, "protocol": "rfc5424", "on_error": "drop_quiet"}) as receiving:
        receiving.datagrams(b"no syslog", NEW)
        receiving.await_sent(2)
        assert [record["body"] for record in receiving.records()] == [NEW.decode()]


def test_operators_stand_behind_the_parser() -> None:
    """They see what it found."""
    operators = [{"type": "move", "from": "attributes.message", "to": "body"}]
    with text_receiving(FACTORY, {**UDP, "protocol": "rfc5424", "operators": operators}) as receiving:
        receiving.datagrams(NEW)
        (record,) = receiving.eventually(1)
        assert record["body"] == "it fell"
        assert "message" not in record


def test_the_program_is_the_component() -> None:
    """What sends is known to triage, over both standards."""
    for protocol, message in (("rfc5424", NEW), ("rfc3164", OLD)):
        with text_receiving(FACTORY, {**UDP, "protocol": protocol}) as receiving:
            receiving.datagrams(message)
            receiving.eventually(1)
            processor = CATEGORIZE.create(CATEGORIZE.config.model_validate({}), Context("categorize", Path()))
            batch = processor.process(receiving.batch(), receiving.work)
            assert batch.attribute("logboom.component").to_list() == ["shop"]


WRONG: dict[str, dict[str, Any]] = {
    "nowhere": {"protocol": "rfc5424"},
    "no protocol": TCP,
    "another protocol": {**TCP, "protocol": "rfc1234"},
    "octets of 3164": {**TCP, "protocol": "rfc3164", "enable_octet_counting": True},
    "a trailer of 3164": {**TCP, "protocol": "rfc3164", "non_transparent_framing_trailer": "LF"},
    "octets of datagrams": {**UDP, "protocol": "rfc5424", "enable_octet_counting": True},
    "both framings": {
        **TCP,
        "protocol": "rfc5424",
        "enable_octet_counting": True,
        "non_transparent_framing_trailer": "LF",
    },
    "another trailer": {**TCP, "protocol": "rfc5424", "non_transparent_framing_trailer": "CR"},
    "no place": {**TCP, "protocol": "rfc5424", "location": "Atlantis"},
    "an input as operator": {**TCP, "protocol": "rfc5424", "operators": [{"type": "syslog_input"}]},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    """They are refused."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate(options)


def test_who_may_reach_it() -> None:
    """Each listener for itself."""
    given = {"tcp": {"listen_address": "0.0.0.0:1"}, "udp": {"listen_address": ":2"}, "protocol": "rfc5424"}
    config = FACTORY.config.model_validate(given)
    assert config.open_to_others() == {"tcp.listen_address": "0.0.0.0:1", "udp.listen_address": ":2"}
    assert config.listens_on() == ["0.0.0.0:1", "udp://:2"]


@pytest.mark.parametrize("protocol", ["rfc5424", "rfc3164"])
def test_whatever_comes_is_a_record(protocol: str) -> None:
    """Parts of messages in any order, numbers out of all bounds, any bytes: as many records as datagrams that say something."""
    chance = random.Random(11)
    parts = [
        b"<11>", b"<191>", b"<192>", b"<0999>", b"<>", b"1 ", b"999 ", b"99999999999999999999 ", b"-", b" ", b"  ", b"\t", b"\n", b"\0", b"\xff\xfe",
        "ä\u2028\U0001f600".encode(), b"\xed\xa0\x80", b"2026-11-30T08:00:00Z ", b"9999-12-31T23:59:60Z ", b"0000-00-00T00:00:00Z ",
        b"Nov 30 08:00:00 ", b"Feb 30 08:00:00.999999999 ", b"Xyz  1 00:00:00 ", b"web ", b"shop[7]: ", b"[a b=\"c\"]", b"[a b=\"c\" b=\"d\"]",
        b"[a b=\"\\\"]", b"[", b"]", b"\"", b"\\", b"it fell", b"\xef\xbb\xbf", b"%s{}", b"x" * 5000,
    ]  # fmt: skip
    sent = [b"".join(chance.choices(parts, k=chance.randrange(1, 14))) for _ in range(2000)]
    said = [each for each in sent if each.rstrip(bytes(range(32))).strip()]
    with text_receiving(FACTORY, {**UDP, "protocol": protocol}) as receiving:
        for at in range(0, len(sent), 50):
            receiving.datagrams(*sent[at : at + 50])
            time.sleep(0.001)
        receiving.await_sent(len(said))
        found = receiving.records()
        assert len(found) == len(said)
        assert all(len(record["body"]) for record in found)
        assert {record.get(MALFORMED) for record in found} <= {None, "no header", "the time can't be read"}
