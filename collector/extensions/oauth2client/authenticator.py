"""`oauth2client`: the access token that exporters show, one for all that lean on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from collector.component import Context
from collector.extensions.oauth2client.config import OAuth2ClientConfig
from collector.extensions.oauth2client.grants import granted
from collector.transport.access_token import AccessToken


class OAuth2Client:
    """A token for each event loop, since who waits for one waits there."""

    def __init__(self, config: OAuth2ClientConfig, context: Context) -> None:
        del context
        self._config = config
        self._tokens: WeakKeyDictionary[asyncio.AbstractEventLoop, AccessToken] = WeakKeyDictionary()

    def start(self) -> None:
        """Nothing is asked for before it is needed."""

    def reload(self) -> None:
        """Files are read with each token."""

    def shutdown(self) -> None:
        """Connections end with each token."""

    async def headers(self) -> Mapping[str, str]:
        """The token in use. Raises TokenRefused, and what the connection to the token service raises: nothing was sent."""
        loop = asyncio.get_running_loop()
        token = self._tokens.get(loop)
        if token is None:
            token = self._tokens[loop] = AccessToken(
                lambda: granted(self._config),
                margin_secs=self._config.expiry_buffer,
                ask_secs=self._config.timeout or 10.0,
            )
        return {"Authorization": f"Bearer {await token.value()}"}
