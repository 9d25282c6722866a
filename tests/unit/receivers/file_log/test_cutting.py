"""Where records end: lines, patterns, sizes, encodings, packed files, headers."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.ingress.files.globs import Globs, expression_of
from collector.ingress.files.ordering import Order
from collector.ingress.files.tailer import Tailer
from collector.receivers.file_log.config import FileLogConfig
from collector.receivers.file_log.header import Headings
from counterparts.followed_files import Files


def read(folder: Path, text: bytes, **options: Any) -> list[Any]:
    files = Files(folder, options)
    files.write("app.log", text)
    files.run(3)
    return files.bodies()


def test_line_ends_and_zeros(tmp_path: Path) -> None:
    assert read(tmp_path, b"one\r\ntwo\rthree\n\0\n\r\nfour") == ["one", "two\rthree", "\0", "four"]


def test_a_line_that_has_no_end_for_now(tmp_path: Path) -> None:
    """Within `force_flush_period` it grows, behind it its rest is a record of its own."""
    files = Files(tmp_path)
    files.write("app.log", "a")
    files.run(0.3)
    files.write("app.log", "b\n")
    files.run(0.3)
    files.write("app.log", "c")
    files.run(2)
    files.write("app.log", "d\n")
    files.run(1)
    files.start(force_flush_period="0s")
    files.write("app.log", "e")
    files.run(10)
    assert files.bodies() == ["ab", "c", "d"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [("split", ["short", "äöüä", "öüäö", "ü", "end"]), ("truncate", ["short", "äöüä", "end"])],
)
def test_a_line_that_is_too_long_is_cut_between_characters(tmp_path: Path, behaviour: str, expected: list[str]) -> None:
    text = "short\näöüäöüäöü\nend\n".encode()
    assert read(tmp_path, text, max_log_size=9, max_log_size_behavior=behaviour) == expected


@pytest.mark.parametrize(("behaviour", "records"), [("split", 101), ("truncate", 2)])
def test_a_line_of_a_hundred_times_the_most(tmp_path: Path, behaviour: str, records: int) -> None:
    """It is never in memory as a whole: what is read at a time is bounded, and a place lies within it."""
    files = Files(tmp_path, {"max_log_size": 1 << 16, "max_log_size_behavior": behaviour})
    files.write("app.log", b"x" * (100 << 16) + b"\nend\n")
    files.run(3)
    files.start()
    bodies = files.bodies()
    assert len(bodies) == records
    assert bodies[-1] == "end"
    assert max(len(entry.body) for entry in files.entries) < 3 << 20


def test_a_sparse_file(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    with path.open("wb") as file:
        file.seek(3 << 20)
        file.write(b"\nend\n")
    bodies = Files(tmp_path, {})
    bodies.run(3)
    assert bodies.bodies()[-1] == "end"


STARTS = {"multiline": {"line_start_pattern": r"^\d{4}-"}}


def test_records_begin_where_a_pattern_matches(tmp_path: Path) -> None:
    files = Files(tmp_path, STARTS)
    files.write("app.log", "before\n2026-1 one\n  more\n2026-2 two\n")
    files.run(0.3)
    assert files.bodies() == ["before", "2026-1 one\n  more"]
    files.write("app.log", "  of two\n2026-3 three")
    files.run(0.3)
    files.start()
    files.run(3)
    assert files.bodies()[2:] == ["2026-2 two\n  of two", "2026-3 three"]


def test_records_end_where_a_pattern_matches(tmp_path: Path) -> None:
    options = {"multiline": {"line_end_pattern": "END", "omit_pattern": True}}
    assert read(tmp_path, b"one\ntwo END three END rest", **options) == ["one\ntwo", "three", "rest"]


def test_what_matches_is_left_out(tmp_path: Path) -> None:
    options = {"multiline": {"line_start_pattern": "LOG ", "omit_pattern": True}}
    assert read(tmp_path, b"LOG one\nLOG two\nmore\n", **options) == ["one", "two\nmore"]


def test_a_pattern_that_never_matches_is_bounded(tmp_path: Path) -> None:
    files = Files(
        tmp_path, {"multiline": {"line_start_pattern": "NEVER"}, "max_log_size": 1000, "force_flush_period": "0s"}
    )
    files.write("app.log", b"0123456789" * 1000)
    files.run(3)
    assert "".join(map(str, files.bodies())) == "0123456789" * 1000
    assert max(len(str(body)) for body in files.bodies()) <= 1000


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf-16le", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("big5", "big5"),
        ("shift_jis", "shift_jis"),
        ("latin1", "latin-1"),
        ("utf-8", "utf-8-sig"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, codec: str) -> None:
    """Written in two halves that cut a character in two, the second behind a restart."""
    words = "größe\n" if codec == "latin-1" else "name\n" if codec == "utf-8-sig" else "日本\n一\u4e0a\n"
    data = (words * 3).encode(codec)
    files = Files(tmp_path, {"encoding": encoding, "force_flush_period": "0s"})
    cut = len(data) // 2 + 1
    files.write("app.log", data[:cut])
    files.run()
    files.start()
    files.write("app.log", data[cut:])
    files.run()
    assert files.bodies() == (words * 3).split("\n")[:-1]


def test_multiline_in_utf16(tmp_path: Path) -> None:
    text = "\ufeff2026-1 eins\n  ä\n2026-2 zwei\n".encode("utf-16-le")
    assert read(tmp_path, text, encoding="utf-16le", **STARTS) == ["2026-1 eins\n  ä", "2026-2 zwei"]


def test_bytes_and_what_is_no_utf8(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", b"a\xff\n")
    files.run()
    files.start(encoding="nop")
    files.write("app.log", b"b\xff\n")
    files.run()
    assert files.bodies() == ["a\ufffd", None]
    assert files.attribute("logboom.repaired") == ["not_utf8", None]


def test_numbers_places_and_what_the_file_is(tmp_path: Path) -> None:
    options = {f"include_file_{name}": True for name in (
        "record_number", "record_offset", "path", "name_resolved", "path_resolved", "owner_name", "owner_group_name", "permissions",
    )}  # fmt: skip
    files = Files(tmp_path, {**options, "attributes": {"env": "test"}, "resource": {"service.name": "x"}})
    files.write("app.log", "one\n\ntwo\n").chmod(0o640)
    files.run()
    files.write("app.log", "three\n")
    files.run()
    assert files.attribute("log.file.record_number") == [1, 3, 4]
    assert files.attribute("log.file.record_offset") == [0, 5, 9]
    assert files.attribute("log.file.path") == [str(tmp_path / "app.log")] * 3
    assert files.attribute("log.file.permissions")[2] == "0640"
    assert files.attribute("log.file.owner.name")[0]
    assert files.attribute("env") == ["test"] * 3


def test_a_packed_file_is_the_one_that_was_plain(tmp_path: Path) -> None:
    lines = "".join(f"{number} of a file that is long enough to be known\n" for number in range(100))
    files = Files(tmp_path, {"compression": "auto"})
    path = files.write("app.log", lines)
    files.run()
    files.write("app.log", "the tail\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    files.run(30)
    files.start()
    files.run(10)
    assert files.bodies() == [*lines.split("\n")[:-1], "the tail"]


def test_members_that_are_cut_off_and_what_only_looks_packed(tmp_path: Path) -> None:
    whole = gzip.compress(b"one\n") + gzip.compress(
        b"".join(b"%x\n" % (number * number * 7919) for number in range(2000))
    )
    (tmp_path / "c.gz").touch()
    (tmp_path / "a.gz").write_bytes(whole[:-500])
    (tmp_path / "b.log").write_bytes(b"\x1f\x8b\x08 is how it begins\n")
    files = Files(tmp_path, {"compression": "auto"})
    files.run(3)
    half = len(files.bodies())
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"late\n"))
    with (tmp_path / "a.gz").open("ab") as file:
        file.write(whole[-500:])
    files.run(3)
    assert "\x1f\ufffd\x08 is how it begins" in files.bodies()
    assert 2 < half < len(files.bodies()) == 2003


def test_a_header_is_set_on_all_lines_also_after_a_restart(tmp_path: Path) -> None:
    header = {
        "pattern": "^#",
        "metadata_operators": [
            {"type": "regex_parser", "regex": r"^# (?P<key>\w+)"},
            {"type": "add", "field": "attributes.seen", "value": 1},
        ],
    }
    files = Files(tmp_path, {"header": header})
    headings = Headings(FileLogConfig(include=["x"], start_at="beginning", header=header).header, "utf-8")
    files.tailer.reading.heading = headings
    files.write("app.log", "# host\n")
    files.run()
    assert files.bodies() == []
    files.write("app.log", "# name\none\n")
    files.run()
    files.start()
    files.tailer.reading.heading = headings
    files.write("app.log", "# no header\n")
    files.run()
    assert files.bodies() == ["one", "# no header"]
    assert files.attribute("key") == ["name", "name"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.log", ["a.log", "b.log"]), ("{a,sub/c}.log", ["a.log", "sub/c.log"]), ("**/*.log", ["a.log", "b.log", "sub/c.log", "sub/deep/d.log"]),
        ("sub/**", ["sub/c.log", "sub/deep", "sub/deep/d.log"]), ("[!a].log", ["b.log"]), ("s?b/*.log", ["sub/c.log"]), ("a.log", ["a.log"]),
    ],
)  # fmt: skip
def test_patterns(tmp_path: Path, pattern: str, found: list[str]) -> None:
    for name in ("a.log", "b.log", "sub/c.log", "sub/deep/d.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    paths = list(Globs([f"{tmp_path}/{pattern}"], []).paths())
    assert sorted(paths) == [f"{tmp_path}/{name}" for name in found]
    assert list(Globs([f"{tmp_path}/{pattern}"], [f"{tmp_path}/**"]).paths()) == []
    assert all(
        any(expression_of(each).fullmatch(path) for each in (f"{tmp_path}/**/*", f"{tmp_path}/*")) for path in paths
    )


def test_only_the_newest_of_each_group(tmp_path: Path) -> None:
    config = FileLogConfig(
        include=["x"],
        ordering_criteria={
            "regex": r"(?P<name>\w+)-(?P<time>\d{8})\.(?P<number>\d+)\.log$", "group_by": r"(\w+)-", "top_n": 2,
            "sort_by": [
                {"regex_key": "time", "sort_type": "timestamp", "layout": "%Y%m%d"}, {"regex_key": "number", "sort_type": "numeric", "ascending": True},
            ],
        },
    )  # fmt: skip
    paths = ["/a-20260101.2.log", "/a-20260102.10.log", "/a-20260102.9.log", "/b-20200101.1.log", "/none.log"]
    assert Order(config.ordering_criteria).chosen(paths) == [
        "/a-20260102.9.log",
        "/a-20260102.10.log",
        "/b-20200101.1.log",
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"include": []}, "include"),
        ({"multiline": {"line_start_pattern": "a", "line_end_pattern": "b"}}, "exactly one"),
        ({"multiline": {"line_start_pattern": "("}}, "no regular expression"),
        ({"encoding": "klingon"}, "unsupported encoding"),
        ({"delete_after_read": True}, "start_at: beginning"),
        ({"header": {"pattern": "^#", "metadata_operators": []}}, "start_at: beginning"),
        ({"operators": [{"type": "restructure"}]}, "move, remove"),
        ({"fingerprint_size": 8}, "16"),
    ],
)
def test_what_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        FileLogConfig(**{"include": ["/var/log/*.log"], **options})


def test_what_only_others_need_is_accepted() -> None:
    config = FileLogConfig(
        include=["/x"],
        storage="file_storage/x",
        retry_on_failure={"enabled": True},
        max_batches=3,
        polls_to_archive=9,
        initial_buffer_size="1KiB",
    )
    assert Tailer(config, {}, lambda _: None).turn() > 0


@pytest.mark.parametrize("option", ["attributes", "resource"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1 << 63, "64 bits"),
        (-(1 << 63) - 1, "64 bits"),
        (1 << 64, "64 bits"),
        (float("nan"), "finite"),
        (float("-inf"), "finite"),
        ("\ud800", "UTF-8"),
    ],
    ids=["2^63", "-2^63-1", "2^64", "nan", "-inf", "surrogate"],
)
def test_what_no_record_can_have_is_refused(option: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FileLogConfig(include=["/x"], **{option: {"key": value}})


def test_the_largest_and_the_least_that_a_record_can_have(tmp_path: Path) -> None:
    given = {"most": (1 << 63) - 1, "least": -(1 << 63), "text": "größe", "yes": True, "part": 0.5}
    files = Files(tmp_path, {"attributes": given})
    files.write("app.log", "one\n")
    files.run()
    assert {key: files.attribute(key) for key in given} == {key: [value] for key, value in given.items()}
