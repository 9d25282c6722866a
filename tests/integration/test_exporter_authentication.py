"""Exporters that name an authenticator show who they are with each request, and nobody is told with what."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.component import Context, Kind
from collector.errors import Unauthenticated
from collector.extensions.bearertokenauth import FACTORY as BEARER
from collector.extensions.bearertokenauth.authenticator import BearerTokenAuth
from collector.outcomes import Ok
from collector.registry import Registry
from collector.samples import batch_of
from collector.testing.intake import MemoryIntake
from counterparts.http_recorder import Answer, HttpRecorder
from counterparts.receiving import receiving

AUTH = {"auth": {"authenticator": "bearertokenauth"}}
SECRET = "hunter2-hunter2"


def bearer(**options: Any) -> BearerTokenAuth:
    extension = BEARER.create(BEARER.config.model_validate(options), Context("bearertokenauth", Path()))
    extension.start()
    return extension


def sent(kind: str, options: dict[str, Any], extension: BearerTokenAuth, folder: Path) -> Any:
    """One record; the first verdict."""
    factory = Registry().find(Kind.EXPORTER, kind)
    config = factory.config.model_validate({**AUTH, **options})

    async def main():
        exporter = factory.create(config, Context(kind, folder, extensions={"bearertokenauth": extension}))
        await exporter.start()
        try:
            async with asyncio.timeout(20):
                return exporter.classify(await exporter.send(exporter.encode(batch_of([{"body": "hello"}]))))[0]
        finally:
            await exporter.shutdown()

    return asyncio.run(main())


GUARDED = {"protocols": {name: {"auth": {"authenticator": "door"}} for name in ("grpc", "http")}}


@pytest.mark.parametrize("kind", ["otlp_grpc", "otlp_http"])
def test_logboom_to_logboom(kind, tmp_path):
    """Both ends lean on one file; when it is exchanged, whoever has not read it again is turned away until it has."""
    path = tmp_path / "tokens"
    path.write_text(SECRET)
    asking, showing = bearer(filename=str(path)), bearer(filename=str(path))
    with receiving(GUARDED, extensions={"door": asking}) as running:
        where = (
            {"endpoint": running.grpc, "tls": {"insecure": True}}
            if kind == "otlp_grpc"
            else {"endpoint": f"http://{running.http}"}
        )
        assert sent(kind, where, showing, tmp_path) == Ok()
        path.write_text("another-hunter2")
        asking.reload()
        refused = sent(kind, where, showing, tmp_path)
        assert not isinstance(refused, Ok)
        assert "not valid" in refused.reason
        showing.reload()
        assert sent(kind, where, showing, tmp_path) == Ok()
        assert running.intake.records == 2


OVER_HTTP = {
    "otlp_http": lambda url: {"endpoint": url},
    "webhook": lambda url: {"url": url},
    "elasticsearch": lambda url: {"endpoint": url},
    "datadog": lambda url: {"logs": {"endpoint": url}, "api": {"key": "0" * 32}},
}


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_the_header_takes_the_place_of_another(kind, tmp_path):
    """It comes with each request, once, whatever `headers` says; a server that repeats it is not quoted."""
    with HttpRecorder(lambda got: Answer(f"refused: {got.headers['authorization']}".encode(), 400)) as server:
        options = {**OVER_HTTP[kind](server.url), "headers": {"authorization": "Basic other", "X-Kept": "yes"}}
        verdict = sent(kind, options, bearer(token=SECRET), tmp_path)
        assert not isinstance(verdict, Ok)
        assert SECRET not in repr(verdict)
        assert {(got.headers["authorization"], got.headers["x-kept"]) for got in server.taken()} == {
            (f"Bearer {SECRET}", "yes")
        }


def test_a_grpc_server_that_repeats_the_token(tmp_path):
    """Its words are told to people, the token is not."""
    with receiving(intake=MemoryIntake(Unauthenticated(f"Bearer {SECRET} is not known"))) as running:
        options = {"endpoint": running.grpc, "tls": {"insecure": True}}
        verdict = sent("otlp_grpc", options, bearer(token=SECRET), tmp_path)
        assert "**** is not known" in verdict.reason


OWN = {
    "splunk_hec": {"endpoint": "https://x", "token": "t", **AUTH},
    "elasticsearch": {"endpoint": "https://x", "api_key": "k", **AUTH},
    "otlp_http": {"endpoint": "https://user:password@x", **AUTH},
}


@pytest.mark.parametrize("kind", OWN)
def test_two_credentials_are_none(kind):
    """Who says already who it is, in a way of its own, takes no authenticator."""
    with pytest.raises(ValidationError, match=r"credential|choose one"):
        Registry().find(Kind.EXPORTER, kind).config.model_validate(OWN[kind])
