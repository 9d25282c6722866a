"""Places of bundles are found where they were written, with maps as bundlers make them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processors.issues.config import IssuesConfig
from processors.issues.grouping.fingerprint import Facts
from processors.issues.grouping.source_maps import SourceMap, SourceMaps
from processors.issues.judging import Judging

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SOURCE = "import x from 'x';\nexport function price(item) {\n  return item.price.amount;\n}\nexport const total = (cart) => {\n  return cart.sum();\n};\n"
Segment = tuple[int, int, int, int]
"""Column of the bundle, source, line, column; all from 0."""


def vlq(number: int) -> str:
    """As the specification says: sign in the lowest bit, five bits a digit, the sixth for `more`."""
    rest, out = (abs(number) << 1) | (number < 0), ""
    while True:
        rest, digit = rest >> 5, rest & 31
        out += _ALPHABET[digit | (32 if rest else 0)]
        if not rest:
            return out


def mappings(lines: list[list[Segment]]) -> str:
    before = [0, 0, 0, 0]
    out = []
    for segments in lines:
        before[0] = 0
        written = []
        for segment in segments:
            written.append("".join(vlq(now - then) for now, then in zip(segment, before, strict=True)))
            before = list(segment)
        out.append(",".join(written))
    return ";".join(out)


def document(lines: list[list[Segment]]) -> dict[str, object]:
    return {
        "version": 3,
        "sources": ["webpack://shop/./src/price.js"],
        "sourcesContent": [SOURCE],
        "mappings": mappings(lines),
    }


BUNDLE = [[(0, 0, 1, 0), (20, 0, 2, 2), (900, 0, 5, 2)], [], [(7, 0, 1, 16)]]


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, 1, (2, "price")),
        (1, 21, (3, "price")),
        (1, 500, (3, "price")),
        (1, 901, (6, "total")),
        (3, 8, (2, "price")),
        (3, 1, None),
        (2, 1, None),
        (9, 1, None),
        (0, 1, None),
    ],
)
def test_each_place_has_its_origin(line: int, column: int, expected: tuple[int, str] | None) -> None:
    found = SourceMap.read(document(BUNDLE)).origin(line, column)
    assert (found and found[1:]) == expected
    assert found is None or found[0] == "webpack://shop/./src/price.js"


def test_large_steps_and_steps_back_are_read() -> None:
    far = [[(0, 0, 5, 0), (70_000, 0, 0, 3), (70_001, 0, 4, 1_000_000)]]
    read = SourceMap.read(document(far))
    assert [found and found[1] for found in (read.origin(1, 70_001), read.origin(1, 70_002), read.origin(1, 2))] == [
        1,
        5,
        6,
    ]


def trace(file: str, column: int) -> str:
    return f"TypeError: boom\n    at t.render (https://shop.example/js/{file}:1:{column})\n    at https://shop.example/js/{file}:1:901"


def test_builds_of_one_fault_are_one_issue(tmp_path: Path) -> None:
    """By release, and for all; another place of the same bundle is another issue, and without maps the message decides."""
    for release, name in (("1.0", "main.aaaaaa11.js"), ("1.1", "main.bbbbbb22.js"), (".", "main.cccccc33.js")):
        (tmp_path / release).mkdir(exist_ok=True)
        (tmp_path / release / f"{name}.map").write_text(json.dumps(document(BUNDLE)))
    judging = Judging(IssuesConfig(source_maps=tmp_path))

    def issue(release: str, file: str, column: int) -> str:
        return judging.group(Facts(stack=trace(file, column)), {"service.version": release}).issue_id

    first = issue("1.0", "main.aaaaaa11.js", 21)
    assert first == issue("1.1", "main.bbbbbb22.js", 40) == issue("", "main.cccccc33.js", 30)
    assert first != issue("1.0", "main.aaaaaa11.js", 950)
    assert (
        judging.group(Facts(stack=trace("main.aaaaaa11.js", 21)), {"service.version": "1.0"}).frames[0]
        == "price (price.js)"
    )
    assert judging.group(Facts(stack=trace("main.dddddd44.js", 21)), {}).variant == "exception"


@pytest.mark.parametrize("content", ["", "{", '{"version": 2}', '{"version": 3, "sections": []}', "[]"])
def test_what_is_no_map_is_passed_over(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "main.js.map").write_text(content)
    text = trace("main.js", 21)
    assert SourceMaps(tmp_path).mapped(text, "../..") == text
    assert "passed over" in caplog.text
