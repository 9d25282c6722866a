"""bearertokenauth: who knows a token may send, nobody else; files are read again; a token is never shown."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from collector.component import Context, Use
from collector.errors import InvalidPayload, LogboomError, Unauthenticated
from collector.extensions.bearertokenauth import FACTORY
from collector.extensions.bearertokenauth.authenticator import BearerTokenAuth


def made(**options) -> BearerTokenAuth:
    extension = FACTORY.create(FACTORY.config.model_validate(options), Context("bearertokenauth/edge", Path()))
    extension.start()
    return extension


class Request:
    """A request with headers; a list is a header that came several times."""

    host = "x"

    def __init__(self, **headers):
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def values(self, name):
        found = self._headers.get(name, [])
        return found if isinstance(found, list) else [found]


def answer(extension: BearerTokenAuth, request: Request) -> str:
    try:
        extension.authenticate(request)
    except (Unauthenticated, InvalidPayload) as refusal:
        return f"{type(refusal).__name__}: {refusal.reason}"
    return "let in"


NOTHING = "Unauthenticated: no credential in the header Authorization"
WRONG = "Unauthenticated: the credential is not valid"
CASES = {
    "the token": ({"token": "hunter2"}, {"authorization": "Bearer hunter2"}, "let in"),
    "a scheme has no case": ({"token": "hunter2"}, {"authorization": "bearer hunter2"}, "let in"),
    "any of several": ({"tokens": ["one", "hunter2"]}, {"authorization": "Bearer hunter2"}, "let in"),
    "another token": ({"token": "hunter2"}, {"authorization": "Bearer hunter3"}, WRONG),
    "its beginning": ({"token": "hunter2"}, {"authorization": "Bearer hunter"}, WRONG),
    "more than it": ({"token": "hunter2"}, {"authorization": "Bearer hunter22"}, WRONG),
    "another scheme": ({"token": "hunter2"}, {"authorization": "Basic hunter2"}, WRONG),
    "no scheme": ({"token": "hunter2"}, {"authorization": "hunter2"}, WRONG),
    "what is no ASCII": ({"token": "hunter2"}, {"authorization": "Bearer h\xfcnter2"}, WRONG),
    "what is no Latin-1": ({"token": "hunter2"}, {"authorization": "Bearer \u2028"}, WRONG),
    "no header": ({"token": "hunter2"}, {}, NOTHING),
    "an empty header": ({"token": "hunter2"}, {"authorization": ""}, NOTHING),
    "two headers": (
        {"token": "hunter2"}, {"authorization": ["Bearer x", "Bearer hunter2"]},
        "InvalidPayload: more than one Authorization header",
    ),
    "an API key": ({"token": "hunter2", "header": "X-Api-Key", "scheme": ""}, {"x-api-key": "hunter2"}, "let in"),
    "an API key with a scheme": (
        {"token": "hunter2", "header": "X-Api-Key", "scheme": ""}, {"x-api-key": "Bearer hunter2"}, WRONG,
    ),
    "a token elsewhere": (
        {"token": "hunter2", "header": "X-Token"}, {"authorization": "Bearer hunter2"},
        "Unauthenticated: no credential in the header X-Token",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "headers", "expected"), CASES.values(), ids=CASES)
def test_who_is_let_in(options, headers, expected):
    """The exact token under the scheme, once; the answer never holds it."""
    assert "hunter2" not in expected
    assert answer(made(**options), Request(**headers)) == expected


@pytest.mark.parametrize(
    ("options", "request_", "challenge"),
    [
        ({}, Request(), 'Bearer realm="logboom"'),
        ({}, Request(authorization="Bearer x"), 'Bearer realm="logboom", error="invalid_token"'),
        ({"scheme": ""}, Request(), 'ApiKey realm="logboom"'),
    ],
    ids=["none", "wrong", "no scheme"],
)
def test_challenges(options, request_, challenge):
    """RFC 6750, 3.1: no error is named to who showed nothing."""
    with pytest.raises(Unauthenticated) as caught:
        made(token="hunter2", **options).authenticate(request_)
    assert caught.value.challenges == (challenge,)


def test_a_credential_of_no_domain():
    """The token says that its sender may send; whose records they are, the request says."""
    assert made(token="hunter2").authenticate(Request(authorization="Bearer hunter2")).domain is None


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"token": "hunter2"}, {"Authorization": "Bearer hunter2"}),
        ({"tokens": ["one", "two"]}, {"Authorization": "Bearer one"}),
        ({"token": "k", "header": "X-Api-Key", "scheme": ""}, {"X-Api-Key": "k"}),
    ],
    ids=["token", "the first of several", "API key"],
)
def test_what_an_exporter_shows(options, headers):
    """The same extension for clients."""
    assert asyncio.run(made(**options).headers()) == headers


def test_uses():
    """It may be named by receivers and exporters, and by no queue."""
    config = FACTORY.config.model_validate({"token": "x"})
    assert config.provides() == {Use.SERVER_AUTHENTICATOR, Use.CLIENT_AUTHENTICATOR}


def rewritten(path: Path, text: str) -> None:
    path.write_text(text)


def replaced(path: Path, text: str) -> None:
    """By a file with the same size and the same time of change."""
    other = path.with_name("new")
    other.write_text(text)
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def swapped(path: Path, text: str) -> None:
    """As Kubernetes does: the file is a link through a link to a folder, and that one is exchanged."""
    folder = path.parent / f"..{text.strip()}"
    folder.mkdir()
    (folder / "tokens").write_text(text)
    link = path.parent / "..new"
    link.symlink_to(folder.name)
    link.replace(path.parent / "..data")
    if not path.is_symlink():
        path.unlink(missing_ok=True)
        path.symlink_to("..data/tokens")


CHANGES = {"rewritten": rewritten, "replaced": replaced, "swapped by a link": swapped}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_of_tokens(change, tmp_path):
    """It is read again when it changes, however that happens: old tokens are out, new ones are in, for both sides."""
    path = tmp_path / "tokens"
    change(path, "hunter2\n") if change is not replaced else path.write_text("hunter2\n")
    extension = made(filename=str(path))
    extension.reload()
    assert answer(extension, Request(authorization="Bearer hunter2")) == "let in"
    change(path, "hunter3\n")
    extension.reload()
    assert answer(extension, Request(authorization="Bearer hunter2")) == WRONG
    assert answer(extension, Request(authorization="Bearer hunter3")) == "let in"
    assert asyncio.run(extension.headers()) == {"Authorization": "Bearer hunter3"}


UNUSABLE = {
    "gone": lambda path: path.unlink(),
    "empty: it may be half written": lambda path: path.write_text(""),
    "no token": lambda path: path.write_text("hunter2 and more\n"),
    "no text": lambda path: path.write_bytes(b"\xff\n"),
    "endless": lambda path: path.write_text("hunter2\n" * 600_000),
}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used(make, tmp_path, caplog):
    """At a start it is an error; later the old tokens stay, the log says so once, and what comes after is taken."""
    path = tmp_path / "tokens"
    path.write_text("\n  hunter2  \nother\n\n")
    extension = made(filename=str(path))
    make(path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            extension.reload()
    assert answer(extension, Request(authorization="Bearer hunter2")) == "let in"
    (line,) = caplog.messages
    assert line.startswith(f"bearertokenauth/edge: the old tokens stay: the token file {path}")
    with pytest.raises(LogboomError) as caught:
        made(filename=str(path))
    assert "hunter2" not in line + str(caught.value)
    path.write_text("later\n")
    extension.reload()
    assert answer(extension, Request(authorization="Bearer hunter2")) == WRONG
    assert answer(extension, Request(authorization="Bearer later")) == "let in"


def test_a_file_beside_a_token(tmp_path, caplog):
    """As the Collector documents it: the file alone counts. The log says what is ignored, without it."""
    path = tmp_path / "tokens"
    path.write_text("other\n")
    extension = made(filename=str(path), token="hunter2")
    assert answer(extension, Request(authorization="Bearer hunter2")) == WRONG
    assert answer(extension, Request(authorization="Bearer other")) == "let in"
    assert caplog.messages == [
        "bearertokenauth/edge: filename is there, so the tokens of the configuration are ignored"
    ]  # fmt: skip


def test_tokens_are_not_in_its_representation():
    """Whoever logs the options shows none."""
    config = FACTORY.config.model_validate({"tokens": ["hunter2"]})
    assert "hunter2" not in repr(config) + str(config.model_dump())
