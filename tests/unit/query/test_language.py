"""What the language means, what it refuses and where it points, and that what is written never becomes SQL."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.query import MOST_BYTES, MOST_DEPTH, MOST_TERMS, Query, QueryError
from collector.testing.row_batch import Row, batch_of

RECORDS = batch_of([
    Row("login", [("http.response.status_code", 503), ("user", "a b"), ("retry", True)], [("service.name", "shop")], fields={"body": "Login FAILED for ada", "severity_number": 17}),
    Row("slow", [("http.response.status_code", "500"), ("http.route", "/api/users/7")], [("service.name", "checkout")], fields={"body": "took 1.5 s: timeout", "severity_number": 13}),
    Row("fine", [], [("k8s.pod.name", "p-1")], fields={"body": "all well", "severity_number": 9, "trace_id": bytes(range(16))}),
    Row("none", [], [], fields={"body": None, "severity_number": 0}),
])  # fmt: skip

MEANT = [
    ("", "login slow fine none"),
    ("*", "login slow fine none"),
    ("failed", "login"),
    ('"failed for"', "login"),
    ("failed OR timeout", "login slow"),
    ("failed timeout", ""),
    ("-failed", "slow fine none"),
    ("NOT failed AND NOT timeout", "fine none"),
    ("failed OR timeout -ada", "login slow"),
    ("(failed OR timeout) -ada", "slow"),
    ("fail*", "login"),
    ('"1.5 s: timeout"', "slow"),
    ("level:warning", "login slow"),
    ("level:>=INFO", "login slow fine none"),
    ("level:<warning", "fine none"),
    ("level:[info TO warning]", "login slow fine none"),
    ("severity:>=error", "login"),
    ("severity:<error", "slow fine"),
    ("severity:warn", "slow"),
    ("severity:[9 TO 13]", "slow fine"),
    ("service:shop", "login"),
    ("service:Shop", ""),
    ("-service:shop", "slow fine none"),
    ("service:(shop OR check*)", "login slow"),
    ("service:*", "login slow"),
    ("-service:*", "fine none"),
    ("service:*out", "slow"),
    ("service:ch*t", "slow"),
    ("@http.response.status_code:>=500", "login slow"),
    ("@http.response.status_code:503", "login"),
    ("@http.response.status_code:[501 TO *]", "login"),
    ('@user:"a b"', "login"),
    ("@user:a\\ b", "login"),
    ("@retry:true", "login"),
    ("@http.route:/api/users/*", "slow"),
    ("@nothing:*", ""),
    ("resource.k8s.pod.name:p-1", "fine"),
    ("trace:0001*0F", "fine"),
    ("body:*", "login slow fine"),
    ("body:(ada OR well)", "login fine"),
    ('body:("" OR ada)', "login slow fine"),
    ("body:(** OR ada)", "login slow fine"),
    ("id:(login OR none)", "login none"),
]


@pytest.mark.parametrize(("text", "wanted"), MEANT, ids=[text or "empty" for text, _ in MEANT])
def test_what_a_query_takes(text: str, wanted: str) -> None:
    found = RECORDS.column("record_id").filter(Query(text).mask(RECORDS)).to_list()
    assert found == wanted.split()


REFUSED = [
    ("servce:x", "there is no field 'servce'", 1, "service:"),
    ("x http://y", "there is no field 'http'", 3, ""),
    ("level:eror", "there is no level 'eror'", 7, ""),
    ("level:warnin", "there is no level 'warnin'", 7, "warning"),
    ("severity:eror", "'eror' is no number", 10, "error"),
    ("service:>3", "service is text", 10, ""),
    ("@n:>x", "'x' is no number", 5, ""),
    ('foo "bar', "this quote is not closed", 5, ""),
    ("((a) b", "this ( is not closed", 1, ""),
    ("a) b", "this ) closes nothing", 2, ""),
    ("a OR", "the query ends where a word, a field or a ( should be", 5, ""),
    ("OR a", "'O' is where a word", 1, ""),
    ("level:", "the query ends where a value should be", 7, ""),
    ("@n:[1 2]", "in a range", 7, ""),
    ("a*b", "a * within a word", 1, ""),
    ("service:a*b*c", "stars stand at the ends", 9, ""),
    ("a\0", "a NUL", 2, ""),
    ("a\ud800", "half of a character", 2, ""),
    ("(" * (MOST_DEPTH + 1) + "a" + ")" * (MOST_DEPTH + 1), "parentheses within each other", MOST_DEPTH + 1, ""),
    ("a " * (MOST_TERMS + 1), "more than 64 conditions", 1, ""),
    ("a" * (MOST_BYTES + 1), "4096 bytes at most", 1, ""),
]


@pytest.mark.parametrize(
    ("text", "reason", "column", "near"),
    REFUSED,
    ids=[text[:20].encode("ascii", "replace").decode() for text, *_ in REFUSED],
)
def test_what_is_refused_says_where_and_what_is_near(text: str, reason: str, column: int, near: str) -> None:
    with pytest.raises(QueryError) as refused:
        Query(text)
    assert reason in str(refused.value)
    assert (refused.value.offset + 1, refused.value.did_you_mean) == (column, near)


@given(
    st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
    | st.text(alphabet='ab:@*"()[]<>=-\\ ORANDT', max_size=60)
)
def test_any_text_is_a_query_or_refused_at_a_place_within_it(text: str) -> None:
    try:
        query = Query(text)
    except QueryError as problem:
        query, place = Query(""), problem.offset
    else:
        place = 0
    assert 0 <= place <= len(text)
    sql, parameters = query.clause()
    assert sql.count("?") == len(parameters)
    assert len(query.mask(RECORDS)) == len(RECORDS)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30))
def test_sql_follows_the_shape_of_a_query_never_what_is_written(value: str) -> None:
    written = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    for shape in ("{}", "service:{}", "@k:{}", "resource.k:{}", "-(component:({} OR {})) body:{}", "trace:{}"):
        hostile, plain = (Query(shape.replace("{}", one)).clause() for one in (written, '"plain"'))
        assert hostile.sql == plain.sql


def test_keys_are_parameters() -> None:
    sql, parameters = Query("""@"'); DROP TABLE logs; --":x""").clause()
    assert "DROP" not in sql
    assert parameters[0] == "'); DROP TABLE logs; --"


def test_sql_names_columns_of_logs_and_of_json_each_alone() -> None:
    sql, _ = Query("a level:info severity:>3 service:x* @k:[1 TO 2] resource.k:true -trace:*").clause()
    words = set(re.findall(r"[a-z_]{2,}", re.sub(r"'[^']*'", "", sql)))
    assert words <= {
        "instr", "lower", "body", "triage_level", "severity_number", "error_type", "ifnull", "service_name", "json_each", "attributes", "resource",
        "key", "type", "atom", "trace_id",
    }  # fmt: skip


def test_the_longest_query_is_answered_at_once() -> None:
    """64 conditions of every kind, as deep as may be: no more work than one look at a column each."""
    text = " ".join(["@k:[1 TO 2]"] * 40 + ["(" * MOST_DEPTH + "a" + ")" * MOST_DEPTH] + ["-service:(x OR y)"] * 10)
    assert not Query(text).mask(RECORDS).any()
    assert Query(text).mask(LogBatch.empty()).to_list() == []


def test_whoever_compiles_to_sql_loads_no_polars() -> None:
    code = "import sys; from collector.query import Query; Query('a level:info').clause(); assert 'polars' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
