"""Whatever a sender writes, no error raises, none is lost, and each belongs to an issue; the same text always to the same one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from counterparts.examples import examples
from processors.issues.config import IssuesConfig
from processors.issues.grouping.fingerprint import Facts, grouping, read
from processors.issues.grouping.parameters import parameterized
from processors.issues.material import EXPLICIT, TEMPLATES, USERS
from processors.issues.processor import ID, Issues

PIECES = [
    "Traceback (most recent call last):", '  File "a.py", line 3, in f', "ValueError: x", "  + Exception Group Traceback (most recent call last):",
    "    | ", "java.lang.X: y", "\tat a.B$$Lambda$1/0x1.c(D.java:1)", "Caused by: a.B: c", "\t... 12 more", "\tSuppressed: x", "   at A.<B>d__1.MoveNext()",
    " ---> System.X: y", "    at f (a.js:1:1)", "f@http://a/b.js:1:2", "  [cause]: Error: x", "goroutine 1 [running]:", "panic: x", "\t/a/b.go:1 +0x1", "a.b(...)",
    "thread 'main' panicked at src/a.rs:1:1:", "   1: a::b", "             at a.rs:1:1", "#0 /a/b.php(1): C->d()", "PHP Fatal error:  Uncaught Error: x in /a.php:1",
    "Next X: y", "a.rb:1:in `b'", "X (y)", "#0 0x1 in f a.c:1", "==1==ERROR: AddressSanitizer: x", "0   Shop  0x1 f + 1", "Exception Type:  EXC_X",
    "** (X) y", "    (a 1.0) lib/a.ex:1: A.b/1", "{badarith,[{a,b,1,[{file,\"a.erl\"},{line,1}]}]}", "Error in process <0.1.0> with exit value:", "a.c:1: f: Assertion `x' failed.",
    "terminate called after throwing an instance of 'X'", "Fatal error: x: file A.swift, line 1", "", "\x00", "é", "{", '{"msg": "a\\nb"}', "1::2:3", "[::1]:99999999", "a/b/../c",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=8).map("\n".join))
KEYS = [
    "exception.type",
    "exception.message",
    "exception.stacktrace",
    *TEMPLATES,
    *EXPLICIT,
    *USERS,
    "logboom.pattern.id",
]
RECORDS = st.fixed_dictionaries(
    {
        "body": st.one_of(
            TEXTS, st.integers(-(2**63), 2**63 - 1), st.dictionaries(st.text(max_size=3), TEXTS, max_size=2)
        ),
        "severity": st.integers(0, 24),
        "scope": st.text(max_size=5),
        "time_unix_nano": st.sampled_from([0, 1, 1_800_000_000 * 10**9, 2**63, 2**64 - 1]),
        "attributes": st.dictionaries(
            st.sampled_from(KEYS), st.one_of(TEXTS, st.integers(0, 9), st.booleans()), max_size=4
        ),
        "resource": st.dictionaries(
            st.sampled_from(["service.name", "service.version"]), st.text(max_size=5), max_size=2
        ),
    }
)


@settings(max_examples=examples(50))
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_any_error_belongs_to_an_issue(samples: list[dict[str, Any]]) -> None:
    work = FakeWork()
    issues = Issues(IssuesConfig(fingerprints=["message:zzz* -> z"]), Context("issues", Path()))
    batch = batch_of(samples)
    judged = batch.with_attributes({"logboom.triage.level": pl.Series(["critical"] * len(batch))})
    once, again = (issues.process(judged, work).attribute(ID).to_list() for _ in range(2))
    assert None not in once
    assert once == again
    assert {each.kind for each in work.emitted} <= {
        "logboom.issue.created",
        "logboom.issue.changed",
        "logboom.issue.escalating",
    }


@settings(max_examples=examples(100))
@given(TEXTS, TEXTS, st.sampled_from(["", "X", "a.b.C"]))
def test_any_text_is_grouped(stack: str, body: str, type_: str) -> None:
    facts = Facts(type_, "m", stack, body)
    assert grouping(read(facts), 3).issue_id == grouping(read(facts), 3).issue_id


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED <host>:5432"),
        ("connect ECONNREFUSED [::1]:6379", "connect ECONNREFUSED <host>:6379"),
        ("from 10.0.0.1:51234", "from <host> <port>"),
        ("cannot reach db-1.internal:5432", "cannot reach <host>:5432"),
        ("java.lang.Thread.run(Thread.java)", "java.lang.Thread.run(Thread.java)"),
        ("user anna@example.org 6f1c2b7e-2f0a-4c55-9d0e-3f6f1a2b3c4d", "user <email> <number>"),
        ("took 3.5s of 12 MiB", "took <duration> of <size>"),
        ("GET /a/b?c=1 HTTP", "GET <path> HTTP"),
        ("at 2024-05-01T10:00:01.5Z and Mon, 3 Feb 2024", "at <date> and <date>"),
        ("https://a.example/x?y=z failed", "<url> failed"),
        ("pool-3 worker12 0xdeadbeef 9f8e7d6c", "pool<number> worker<number>"),
        ("src/a.cc:12:17: waits 5m0s", "<path>:<number>: waits <duration>"),
        ("std::out_of_range what", "std::out_of_range what"),
        ('name="anna" ok=true', "name=<value> ok=<value>"),
        ("Caused by:\n\n  a\n  b\n  c", "a\nb"),
        ("import of a.csv, b.csv, /x/c.csv", "import of <path>"),
    ],
)
def test_what_varies_is_taken_out(text: str, masked: str) -> None:
    assert parameterized(text) == masked
