"""Access tokens: shared, renewed in time, asked for again when an attempt was cut off; and nothing secret in a reason."""

from __future__ import annotations

import asyncio
import json

import pytest

from collector.outcomes import Blocked, Retry
from collector.testing.virtual_time import run_virtual
from collector.transport.access_token import AccessToken, BearerClient, Granted, TokenRefused, ask
from collector.transport.http_client import HttpClient
from collector.transport.http_client_config import HttpClientConfig
from counterparts.http_recorder import Answer, HttpRecorder

SECRET = "s3cret/of the app"


class Grants:
    """Hands out `t1`, `t2`, … once `open` is set."""

    def __init__(self, lifetime_secs=100.0):
        self.asked = 0
        self.open = asyncio.Event()
        self._lifetime = lifetime_secs

    async def __call__(self):
        self.asked += 1
        name = f"t{self.asked}"
        await self.open.wait()
        return Granted(name, self._lifetime)


def test_many_calls_at_once_share_a_request_also_when_the_token_ends():
    """One request for all of them, at the start and at each renewal: a fifth of its life before it ends."""

    async def main():
        now = 0.0
        grants = Grants()
        grants.open.set()
        token = AccessToken(grants, lambda: now)
        found = []
        for now in (0.0, 79.0, 80.0, 159.0, 161.0):  # noqa: B007  the clock reads it
            found.append(set(await asyncio.gather(*(token.value() for _ in range(50)))))
        assert found == [{"t1"}, {"t1"}, {"t2"}, {"t2"}, {"t3"}]

    asyncio.run(main())


def test_an_attempt_that_is_cut_off_while_it_asks_takes_nothing_with_it():
    """The request goes on for the others, also for one who comes after all have been cut off: nothing is asked twice."""

    async def main():
        grants = Grants()
        token = AccessToken(grants)
        asking = [asyncio.create_task(token.value()) for _ in range(3)]
        await asyncio.sleep(0)
        asking[0].cancel()
        await asyncio.sleep(0)
        grants.open.set()
        assert await asyncio.gather(*asking[1:]) == ["t1"] * 2
        assert asking[0].cancelled()
        token.refused("t1")
        grants.open.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await token.value()
        grants.open.set()
        assert await token.value() == "t2"
        assert grants.asked == 2

    asyncio.run(main())


def test_a_token_service_that_hangs_is_named():
    """Ten seconds, whatever the timeout of the exporter, for all who wait; then it is asked again."""

    async def main():
        grants = Grants()
        token = AccessToken(grants)
        began = asyncio.get_running_loop().time()
        found = await asyncio.gather(*(token.value() for _ in range(3)), return_exceptions=True)
        took = asyncio.get_running_loop().time() - began
        grants.open.set()
        return [one.verdict for one in found], took, await token.value()

    verdict = Retry("no access token: no answer within 10 s")
    assert run_virtual(main()) == ([verdict] * 3, pytest.approx(10, abs=0.1), "t2")


def test_closing_ends_a_request_under_way():
    """Nobody is left waiting, and nothing is told about it later."""

    async def main():
        token = AccessToken(Grants())
        asking = asyncio.create_task(token.value())
        await asyncio.sleep(0)
        await token.close()
        await token.close()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())


def test_a_refusal_of_an_older_token_says_nothing_about_the_new_one():
    """Calls that were under way with the old one come back late."""

    async def main():
        grants = Grants()
        grants.open.set()
        token = AccessToken(grants)
        first = await token.value()
        token.refused(first)
        assert await token.value() == "t2"
        token.refused(first)
        assert await token.value() == "t2"

    asyncio.run(main())


def asked(answer):
    """What a token service's answer leads to."""

    async def main(url):
        client = HttpClient(HttpClientConfig())
        await client.start()
        try:
            return await ask(client, url, {"client_id": "app", "client_secret": SECRET})
        except TokenRefused as refused:
            return refused.verdict
        finally:
            await client.close()

    with HttpRecorder(lambda _: answer) as service:
        return asyncio.run(main(service.url))


@pytest.mark.parametrize("lifetime", [60, "60", 60.0, "6e1"])
def test_a_lifetime_may_be_a_number_or_its_text(lifetime):
    """Some services write it as a string."""
    assert asked(Answer(json.dumps({"access_token": "t", "expires_in": lifetime}).encode())) == Granted("t", 60.0)


@pytest.mark.parametrize(
    "told",
    [
        *({"access_token": "t", "expires_in": lifetime} for lifetime in ("nan", "inf", "-1", 0, None, "soon", [1])),
        *({"access_token": token} for token in ("", "a b", "a\r\nX-Evil: 1", "a\0", "ä", 5, None)),
        [],
        None,
    ],
)
def test_a_token_that_cannot_be_used_is_none(told):
    """A life without end would never be renewed; a token must fit a header. Asked again later: it may be a slip."""
    refused = Retry("the token service's answer holds no usable token")
    assert asked(Answer(json.dumps(told).encode())) == refused


@pytest.mark.parametrize("repeated", [SECRET, "s3cret%2Fof+the+app"])
def test_a_token_service_that_repeats_the_secret(repeated):
    """Neither as it is nor as it travelled."""
    told = {"error": "invalid_client", "error_description": f"no such secret: {repeated} (of app)\r\nTrace: 1"}
    wanted = Blocked("no access token: 401 Unauthorized: invalid_client: no such secret: **** (of app)")
    assert asked(Answer(json.dumps(told).encode(), status=401)) == wanted


@pytest.mark.parametrize("code", [301, 307])
def test_a_token_service_that_moved_does_not_get_the_secret_elsewhere(code):
    """Redirects are not followed."""
    with HttpRecorder(lambda _: Answer()) as other:
        found = asked(Answer(status=code, headers={"Location": other.url}))
        assert other.taken() == []
    assert isinstance(found, Blocked)


def test_a_destination_that_repeats_the_token_or_a_secret_header():
    """Its words are told to people: without them."""

    async def main(url):
        async def grant(_):
            return Granted("token-of-today", 60.0)

        client = BearerClient(
            HttpClientConfig.model_validate({"headers": {"X-Key": "key-of-ours", "X-Env": "prod"}}), grant
        )
        await client.start()
        try:
            return await client.post_json(url, b"{}")
        finally:
            await client.close()

    def repeat(request):
        said = f"{request.headers['authorization']} {request.headers['x-key']} {request.headers['x-env']}"
        return Answer(said.encode(), status=403)

    with HttpRecorder(repeat) as destination:
        assert asyncio.run(main(destination.url)).body == b"Bearer **** **** prod"


def test_a_sign_in_page_is_no_token():
    """Of a proxy in between: people are told who answered."""
    page = Answer(b"<!DOCTYPE html><title>Sign in</title>", headers={"Content-Type": "text/html"})
    assert asked(page) == Blocked(
        "no access token: answered 200 with text/html: a proxy or sign-in page, not the token service"
    )
