"""oauth2client: tokens of a real server (Authlib's), shared and renewed; what goes wrong there is told, and no secret with it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.component import Context, Use
from collector.extensions.oauth2client import FACTORY
from collector.outcomes import Blocked, Retry
from collector.transport.http_answers import NotSent, unanswered
from counterparts.http_recorder import Answer, HttpRecorder
from counterparts.oidc_provider import OidcProvider


def made(url: str, **options):
    given = {"client_id": "checkout", "client_secret": "s3cret", "token_url": url, **options}
    extension = FACTORY.create(FACTORY.config.model_validate(given), Context("oauth2client", Path()))
    extension.start()
    return extension


async def shown(extension) -> str:
    return (await extension.headers())["Authorization"]


def test_a_token_of_a_real_server():
    """Asked for once by many, with its scope; the destination's provider takes it."""
    with OidcProvider() as provider:
        extension = made(f"{provider.url}/token", scopes=["logs:write", "x"])

        async def many() -> list[str]:
            return list(await asyncio.gather(*(shown(extension) for _ in range(20))))

        found = asyncio.run(many())
        assert len(set(found)) == 1
        assert provider.asked == ["/token"]
        claims = jwt.decode(found[0].removeprefix("Bearer "), options={"verify_signature": False})
        assert (claims["scope"], claims["client_id"]) == ("logs:write x", "checkout")


def test_renewed_in_time():
    """One that has less than `expiry_buffer` left, or a fifth of its life, is not shown."""
    with OidcProvider() as provider:
        provider.lifetime_secs = 1
        extension = made(f"{provider.url}/token", expiry_buffer="10s", scopes=["x"])

        async def twice() -> tuple[str, str]:
            first = await shown(extension)
            await asyncio.sleep(0.9)
            return first, await shown(extension)

        first, second = asyncio.run(twice())
        assert first != second


def test_a_wrong_secret_blocks_until_people_mend_it():
    """It is asked in both ways that there are; the reason says what the server says, and the secret nowhere."""
    with OidcProvider() as provider:
        with pytest.raises(NotSent) as caught:
            asyncio.run(shown(made(f"{provider.url}/token", client_secret="wr0ng", scopes=["x"])))
        verdict = unanswered(caught.value)
        assert isinstance(verdict, Blocked)
        assert "invalid_client" in verdict.reason
        assert "wr0ng" not in verdict.reason
        assert provider.asked == ["/token", "/token"]


def test_a_server_that_takes_headers_alone():
    """RFC 6749, 2.3.1: the secret in Basic."""

    def answer(got):
        if got.headers.get("authorization", "") == "Basic " + base64.b64encode(b"checkout:s3cret%2F").decode():
            assert "client_secret" not in parse_qs(got.body.decode())
            return Answer(b'{"access_token": "t", "expires_in": "60"}', 200)
        return Answer(b'{"error": "invalid_client"}', 401)

    with HttpRecorder(answer) as server:
        assert asyncio.run(shown(made(server.url, client_secret="s3cret/"))) == "Bearer t"


def test_a_server_that_is_down():
    """It is tried again; nothing was sent."""
    with OidcProvider() as provider:
        provider.down = True
        with pytest.raises(NotSent) as caught:
            asyncio.run(shown(made(f"{provider.url}/token")))
        assert isinstance(unanswered(caught.value), Retry)


def test_files_and_parameters(tmp_path):
    """Read with each token; a list of values stands there several times."""
    (tmp_path / "id").write_text("checkout\n")
    (tmp_path / "secret").write_text("from-file\n")
    asked = []

    def answer(got):
        asked.append(parse_qs(got.body.decode()))
        return Answer(b'{"access_token": "t", "expires_in": 1}', 200)

    with HttpRecorder(answer) as server:
        extension = made(
            server.url, client_id="", client_id_file=str(tmp_path / "id"), client_secret_file=str(tmp_path / "secret"),
            endpoint_params={"audience": "x", "resource": ["a", "b"]},
        )  # fmt: skip
        asyncio.run(shown(extension))
        assert asked == [
            {
                "grant_type": ["client_credentials"], "audience": ["x"], "resource": ["a", "b"], "client_id": ["checkout"],
                "client_secret": ["from-file"],
            }
        ]  # fmt: skip
        (tmp_path / "secret").unlink()
        with pytest.raises(NotSent, match="cannot be read"):
            asyncio.run(shown(extension))


def test_assertions(tmp_path):
    """RFC 7523: signed by our key, for the token service, once."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()
    asked = []

    def answer(got):
        asked.append(parse_qs(got.body.decode()))
        return Answer(b'{"access_token": "t", "expires_in": 60}', 200)

    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    with HttpRecorder(answer) as server:
        extension = made(
            server.url, grant_type=grant, client_certificate_key=pem, client_certificate_key_id="k1", client_secret="",
            claims={"tenant": "a"}, signature_algorithm="RS384",
        )  # fmt: skip
        assert asyncio.run(shown(extension)) == "Bearer t"
        [form] = asked
        assert form["grant_type"] == [grant]
        claims = jwt.decode(form["assertion"][0], key.public_key(), ["RS384"], audience=server.url)
        assert (claims["iss"], claims["sub"], claims["tenant"]) == ("checkout", "checkout", "a")
        assert jwt.get_unverified_header(form["assertion"][0])["kid"] == "k1"
        with pytest.raises(NotSent, match="no key that can sign"):
            asyncio.run(shown(made(server.url, grant_type=grant, client_certificate_key="rubbish")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": ""}, {"client_secret": ""}, {"token_url": "id.example"}, {"grant_type": "password"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"},
    ],
)  # fmt: skip
def test_wrong_options(wrong):
    """Told before anything runs."""
    with pytest.raises(ValueError):
        made("https://id.example/token", **wrong)


def test_uses():
    """Exporters alone."""
    config = FACTORY.config.model_validate({"client_id": "a", "client_secret": "b", "token_url": "https://x/y"})
    assert config.provides() == {Use.CLIENT_AUTHENTICATOR}
