"""headers_setter: each action on what is there, values from files that change, another authenticator before it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collector.client_info import NOBODY, SENT_WITH, ClientInfo, Wanted
from collector.component import Context, Use
from collector.errors import ConfigError, LogboomError, Unsendable
from collector.extensions.headers_setter import FACTORY
from collector.service.extensions import Extensions
from collector.settings import load
from collector.transport.headers import with_credentials


def made(*headers, extensions=None, **more):
    config = FACTORY.config.model_validate({"headers": list(headers), **more})
    extension = FACTORY.create(config, Context("headers_setter", Path(), extensions=extensions or {}))
    extension.start()
    return extension


def amended(extension, **there) -> dict[str, str]:
    return asyncio.run(with_credentials(there, extension))


ACTIONS = {
    "upsert, there": ("upsert", {"a": "1"}, {"A": "x"}),
    "upsert, not there": ("upsert", {}, {"A": "x"}),
    "insert, there": ("insert", {"a": "1"}, {"a": "1"}),
    "insert, not there": ("insert", {}, {"A": "x"}),
    "update, there": ("update", {"a": "1"}, {"A": "x"}),
    "update, not there": ("update", {}, {}),
    "delete": ("delete", {"a": "1"}, {}),
    "delete, not there": ("delete", {}, {}),
}


@pytest.mark.parametrize(("action", "there", "expected"), ACTIONS.values(), ids=ACTIONS)
def test_actions(action, there, expected):
    """As the Collector documents them; names have no case, others stay."""
    extension = made({"key": "A", "action": action, "value": "x"})
    assert amended(extension, other="y", **there) == {"other": "y", **expected}


CAME = ClientInfo({"tenant": ["acme"], "two": ["a", "b"], "odd": ["é"]}, {"subject": "jo"})
SOURCES = {
    "a header": ({"from_context": "Tenant"}, "acme"),
    "who sent": ({"from_attribute": "subject"}, "jo"),
    "did not come": ({"from_context": "other"}, ""),
    "did not come, and has a default": ({"from_attribute": "other", "default_value": "x"}, "x"),
    "came, and has a default": ({"from_context": "tenant", "default_value": "x"}, "acme"),
}


@pytest.mark.parametrize(("source", "said"), SOURCES.values(), ids=SOURCES)
def test_what_came_with_the_records(source, said):
    """It is said while a request of them is sent; names of headers have no case."""
    extension = made({"key": "X-Scope-OrgID", **source})
    assert sent_with(CAME, extension) == {"X-Scope-OrgID": said}
    assert sent_with(NOBODY, extension) == {"X-Scope-OrgID": source.get("default_value", "")}


@pytest.mark.parametrize("name", ["two", "odd"])
def test_what_no_header_can_say(name):
    """Of several values none is chosen, and the sentence holds none of them."""
    with pytest.raises(Unsendable) as told:
        sent_with(CAME, made({"key": "X-Scope-OrgID", "from_context": name}))
    assert "é" not in str(told.value)


def test_what_is_asked_for():
    """By all headers; one that is deleted needs nothing."""
    headers = [
        {"key": "a", "from_context": "A"},
        {"key": "b", "from_attribute": "raw"},
        {"key": "c", "action": "delete", "from_context": "x"},
    ]
    config = FACTORY.config.model_validate({"headers": headers})
    assert config.asks_of_clients() == Wanted(frozenset({"a"}), frozenset({"raw"}))


def sent_with(client, extension) -> dict[str, str]:
    token = SENT_WITH.set(client)
    try:
        return amended(extension)
    finally:
        SENT_WITH.reset(token)


@pytest.mark.parametrize(
    "wrong",
    [[], [{"key": "a"}], [{"key": "a b", "value": "x"}], [{"key": "a", "value": "x\ny"}], [{"key": "a", "value": "é"}],
     [{"key": "a", "value": "x", "default_value": "y"}], [{"key": "a", "from_context": "x", "from_attribute": "y"}],
     [{"key": "a", "value": "x", "value_file": "f"}], [{"key": "a", "value": "x", "action": "add"}]],
)  # fmt: skip
def test_wrong_options(wrong):
    """Told before anything runs, without the value."""
    with pytest.raises(ValueError):
        made(*wrong)


def test_a_file(tmp_path, caplog):
    """Read again when it changes; what is no line leaves the old value, and is told once."""
    file = tmp_path / "value"
    file.write_text("one\n")
    extension = made({"key": "a", "value_file": str(file)})
    assert amended(extension) == {"a": "one"}
    (tmp_path / "new").write_text("two")
    (tmp_path / "new").replace(file)
    extension.reload()
    assert amended(extension) == {"a": "two"}
    file.write_text("s3cret\nlines")
    for _ in range(3):
        extension.reload()
    assert amended(extension) == {"a": "two"}
    assert len(caplog.records) == 1
    assert "s3cret" not in caplog.text
    with pytest.raises(LogboomError, match="cannot be read"):
        made({"key": "a", "value_file": str(tmp_path / "nothing")})


class Bearer:
    async def headers(self):
        return {"Authorization": "Bearer t", "X": "theirs"}


def test_another_authenticator_comes_first():
    """Its headers, then ours on them."""
    extension = made(
        {"key": "x", "value": "ours"}, extensions={"bearertokenauth": Bearer()}, additional_auth="bearertokenauth"
    )
    assert amended(extension, x="0", authorization="0") == {"Authorization": "Bearer t", "x": "ours"}


CONFIG = """
receivers: {otlp: {protocols: {grpc: }}}
exporters: {otlp_http: {endpoint: "http://localhost:1", auth: {authenticator: headers_setter}}}
extensions:
  bearertokenauth: {token: "${env:TOKEN}"}
  headers_setter: {headers: [{key: a, value: "1"}], additional_auth: %s}
  headers_setter/b: {headers: [{key: b, value: "1"}], additional_auth: headers_setter}
service:
  extensions: [headers_setter, headers_setter/b, bearertokenauth]
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
"""


@pytest.mark.parametrize(
    ("names", "problem"),
    [("bearertokenauth", ""), ("nobody", 'references extension "nobody" which is not configured')],
)
def test_what_it_names_is_looked_at(names, problem):
    """Before anything runs."""
    try:
        load([f"yaml:{CONFIG % names}"], environ={"TOKEN": "t"})
        told = ""
    except ConfigError as error:
        told = error.problems[0].message
    assert problem in told
    assert bool(told) is bool(problem)


def test_a_circle():
    """Two that lean on each other are told, not followed for ever."""
    settings = load([f"yaml:{CONFIG % 'headers_setter/b'}"], environ={"TOKEN": "t"})
    with pytest.raises(LogboomError, match="in a circle"):
        Extensions(settings.extensions, Path())["headers_setter"]


def test_uses():
    """Exporters alone."""
    assert FACTORY.config.model_validate({"headers": [{"key": "a", "value": "b"}]}).provides() == {
        Use.CLIENT_AUTHENTICATOR
    }
