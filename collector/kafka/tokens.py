"""What is shown to brokers by OAUTHBEARER. librdkafka asks for a token when it polls, a while before the last one ends."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from collector.component import ClientAuthenticator
from collector.errors import LogboomError
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.aws.credentials import find
from collector.transport.aws.region import region_of_environment
from collector.transport.aws.signing import Scope, presigned

_UNKNOWN_LIFE_SECS = 300.0
_MSK_LIFE_SECS = 900


class TokenSource:
    """Tokens of an extension that exporters lean on, too (`oauth2client`, `bearertokenauth`)."""

    def __init__(self, authenticator: ClientAuthenticator) -> None:
        self._authenticator = authenticator

    def __call__(self, _: str) -> tuple[str, float]:
        """The token, and when it ends: seconds since the epoch. Raises for none, and librdkafka asks again in 10 s."""
        headers = {name.lower(): value for name, value in asyncio.run(self._headers()).items()}
        scheme, _space, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise LogboomError("auth.sasl.oauthbearer_token_source: the extension gives no bearer token")
        return token, _end_of(token)

    async def _headers(self) -> Mapping[str, str]:
        return await self._authenticator.headers()


class MskTokens:
    """Amazon MSK's: a signed request to connect, as text (github.com/aws/aws-msk-iam-sasl-signer-python, README)."""

    def __init__(self, region: str) -> None:
        self._region = region

    def __call__(self, _: str) -> tuple[str, float]:
        """The token, and when it ends: seconds since the epoch. Raises NoCredentials."""
        region = self._region or region_of_environment()
        if not region:
            raise LogboomError("auth.sasl.aws_msk.region: neither written nor in the environment (AWS_REGION)")
        found = find(AssumeRole(), region)
        url = f"https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect"
        signed = presigned(url, found.keys, Scope(region, "kafka-cluster"), datetime.now(UTC), _MSK_LIFE_SECS)
        token = base64.urlsafe_b64encode(f"{signed}&User-Agent=logboom".encode()).decode().rstrip("=")
        return token, min(found.ends_at, time.time() + _MSK_LIFE_SECS)


def _end_of(token: str) -> float:
    """What a JWT says of itself; of others nobody knows."""
    try:
        payload = token.split(".")[1]
        claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return time.time() + _UNKNOWN_LIFE_SECS
