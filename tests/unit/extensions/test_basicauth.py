"""basicauth: users of a htpasswd file may send; slow hashes are verified aside, once; exporters show a name and a password."""

from __future__ import annotations

import asyncio
import base64
import logging
import shutil
import subprocess
import time
from pathlib import Path

import bcrypt
import pytest

from collector.component import Context, Use
from collector.errors import LogboomError, Refusal, Unavailable
from collector.extensions.basicauth import FACTORY
from collector.extensions.basicauth.authenticator import BasicAuth
from counterparts.asking import Asking

PASSWORD = "pä:ss"
HASHES = {
    "bcrypt": "$2y$05$" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()[7:],
    "SHA": "{SHA}" + base64.b64encode(__import__("hashlib").sha1(PASSWORD.encode()).digest()).decode(),
    "clear": PASSWORD,
}


def apache(scheme: str) -> str:
    """Hashes that OpenSSL, another implementation, makes."""
    done = subprocess.run(["openssl", "passwd", scheme, PASSWORD], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def made(**options) -> BasicAuth:
    extension: BasicAuth = FACTORY.create(FACTORY.config.model_validate(options), Context("basicauth/door", Path()))
    extension.start()
    return extension


def basic(user: str, password: str = PASSWORD, scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def ask(extension: BasicAuth, headers) -> str:
    """The final answer: who is told to come again does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            credential = extension.authenticate(Asking(headers))
        except Unavailable:
            time.sleep(0.01)
            continue
        except Refusal as refusal:
            return f"{type(refusal).__name__} {getattr(refusal, 'cause', '')}".strip()
        return f"{credential.id} {credential.domain}"
    raise AssertionError("never verified")


@pytest.mark.parametrize("name", [*HASHES, "-apr1", "-5", "-6"])
def test_hashes_of_apache(name):
    """Each form that `htpasswd` knows: the right password, and no other."""
    hashed = HASHES.get(name) or apache(name)
    extension = made(htpasswd={"inline": f"anna:{hashed}\n# a remark\n\nbob:{{SHA}}x"}, domains={"anna": "Tamyla.com"})
    assert ask(extension, basic("anna")) == "anna tamyla.com"
    for headers in (basic("anna", "pä"), basic("anna", PASSWORD + "x"), basic("nobody"), basic("bob")):
        assert ask(extension, headers) == "Unauthenticated unknown"
    extension.shutdown()


REFUSED = {
    "nothing": ({}, "Unauthenticated missing"),
    "another scheme": ({"authorization": "Bearer x"}, "Unauthenticated malformed"),
    "no base64": ({"authorization": "Basic ***"}, "Unauthenticated malformed"),
    "no colon": ({"authorization": "Basic YWJj"}, "Unauthenticated malformed"),
    "no text": ({"authorization": "Basic /w=="}, "Unauthenticated malformed"),
    "two": ({"authorization": ["Basic x", "Basic y"]}, "InvalidPayload"),
    "a NUL": (basic("anna", "a\0b"), "Unauthenticated unknown"),
}


@pytest.mark.parametrize(("headers", "expected"), REFUSED.values(), ids=REFUSED)
def test_who_is_not_let_in(headers, expected):
    """What is no credential is told from a wrong one for ourselves only."""
    extension = made(htpasswd={"inline": f"anna:{HASHES['bcrypt']}"})
    assert ask(extension, headers) == expected
    extension.shutdown()


def test_slow_hashes_hold_nobody_up():
    """The first request of a password is told to come again; then it is known, without verifying anew. A name that nobody has is
    answered in the same way."""
    extension = made(htpasswd={"inline": f"anna:{HASHES['bcrypt']}"})
    for headers in (basic("anna"), basic("nobody"), basic("anna", "wrong")):
        with pytest.raises(Unavailable) as caught:
            extension.authenticate(Asking(headers))
        assert 0 < (caught.value.retry_after_secs or 0) < 1
    assert ask(extension, basic("anna")) == "anna None"
    extension._threads.shutdown()
    assert ask(extension, basic("anna")) == "anna None", "nothing is verified twice"
    assert extension.recall(Asking(basic("anna"))) is not None
    assert extension.recall(Asking(basic("anna", "wrong"))) is None
    assert extension.recall(Asking({})) is None


def test_a_file_that_changes(tmp_path, caplog):
    """A new hash asks for the new password, at once; a file that is half written, or gone, changes nothing and is told once."""
    file = tmp_path / "htpasswd"
    file.write_text("anna:{SHA}" + HASHES["SHA"][5:] + "\ncarl:one")
    extension = made(htpasswd={"file": str(file), "inline": "bob:two\ncarl:three"})
    assert ask(extension, basic("anna")) == "anna None"
    assert [ask(extension, basic("carl", text)) for text in ("one", "three")] == [
        "Unauthenticated unknown",
        "carl None",
    ]
    file.write_text("anna:other")
    extension.reload()
    assert ask(extension, basic("anna")) == "Unauthenticated unknown"
    assert ask(extension, basic("anna", "other")) == "anna None"
    file.write_text("")
    for _ in range(3):
        extension.reload()
    file.unlink()
    extension.reload()
    assert ask(extension, basic("anna", "other")) == "anna None"
    assert len(caplog.records) == 2
    assert "other" not in caplog.text
    extension.shutdown()


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"htpasswd": {}}, {"client_auth": {}}, {"client_auth": {"username": "a:b"}},
        {"htpasswd": {"inline": "a:b"}, "client_auth": {"username": "a"}},
        {"htpasswd": {"inline": "a:b"}, "domains": {"a": "x y"}},
    ],
)  # fmt: skip
def test_wrong_options(wrong):
    """Told before anything runs."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate(wrong)


def test_no_file(tmp_path):
    """logboom does not start."""
    with pytest.raises(LogboomError, match="cannot be read: No such file"):
        made(htpasswd={"file": str(tmp_path / "htpasswd")})


def test_what_an_exporter_shows(tmp_path, caplog):
    """From the options, or from files, which come first and are read again."""
    assert asyncio.run(made(client_auth={"username": "anna", "password": PASSWORD}).headers()) == {
        "Authorization": basic("anna")["authorization"]
    }
    (tmp_path / "password").write_text("one\n")
    extension = made(client_auth={"username": "anna", "password": "x", "password_file": str(tmp_path / "password")})
    assert asyncio.run(extension.headers())["Authorization"] == basic("anna", "one")["authorization"]
    (tmp_path / "new").write_text("two\n")
    (tmp_path / "new").replace(tmp_path / "password")
    extension.reload()
    assert asyncio.run(extension.headers())["Authorization"] == basic("anna", "two")["authorization"]
    (tmp_path / "password").unlink()
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        extension.reload()
    assert asyncio.run(extension.headers())["Authorization"] == basic("anna", "two")["authorization"]
    assert len(caplog.records) == 1
    with pytest.raises(LogboomError):
        made(client_auth={"username_file": str(tmp_path / "nothing")})


def test_a_link_that_is_swapped(tmp_path):
    """As Kubernetes mounts secrets."""
    for name, text in (("one", "anna:1"), ("two", "anna:2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "htpasswd").write_text(text)
    (tmp_path / "data").symlink_to("one")
    extension = made(htpasswd={"file": str(tmp_path / "data" / "htpasswd")})
    assert ask(extension, basic("anna", "1")) == "anna None"
    (tmp_path / "tmp").symlink_to("two")
    (tmp_path / "tmp").replace(tmp_path / "data")
    extension.reload()
    assert [ask(extension, basic("anna", text)) for text in "12"] == ["Unauthenticated unknown", "anna None"]
    extension.shutdown()


def test_uses():
    """One side each."""
    assert FACTORY.config.model_validate({"htpasswd": {"inline": "a:b"}}).provides() == {Use.SERVER_AUTHENTICATOR}
    assert FACTORY.config.model_validate({"client_auth": {"username": "a"}}).provides() == {Use.CLIENT_AUTHENTICATOR}
    assert shutil.which("openssl"), "OpenSSL makes the hashes that are compared with"
