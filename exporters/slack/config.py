"""Options of the `slack` exporter."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import NewsQueueConfig, NoticeOptions, NoticeQueueConfig, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin


class SlackConfig(HttpClientConfig, NoticeOptions):
    """An HTTP client, delivery, and where messages go."""

    own_credential = "`url` or `token`"

    url: SecretStr = SecretStr("")
    """URL of an incoming webhook; a secret. Or a bot: `token` and `channel`."""
    token: SecretStr = SecretStr("")
    """Token of a bot (`xoxb-…`) with `chat:write`, which was invited to the channel."""
    channel: str = Field("", pattern=r"^[A-Za-z0-9#_-]*$")
    """Id of the bot's channel (`C0123456789`)."""
    buttons: Literal["links", "actions"] = "links"
    """What people can do about a message, where a receiver `hooks` has a `public_url`. `links`: they open a page that asks; `actions`: Slack hands
    them to `/hooks/slack` at once, which must be the app's Request URL."""
    update: bool = True
    """Of a bot: the first message of a group is kept up to date, and what happens stands in its thread. False: a message each time."""
    endpoint: str = "https://slack.com/api"
    """Of a bot: where its methods are."""
    pace: PaceConfig = PaceConfig()
    """How many messages are sent in a time (Slack takes one a second and channel); critical ones have the same once more, for themselves."""
    sending_queue: NoticeQueueConfig = NewsQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        url, bot = bool(self.url.get_secret_value()), bool(self.token.get_secret_value())
        if url == bot or bot != bool(self.channel):
            raise ValueError("either url, or token and channel, must be specified")
        if url:
            check_url("url", self.url.get_secret_value())
        if leaves_in_the_clear(self.address):
            raise ValueError("a secret would travel over http:// to another machine: use https://")
        return self

    @property
    def address(self) -> str:
        """The webhook, revealed, or where the bot's methods are."""
        return self.url.get_secret_value() or self.endpoint.rstrip("/")

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.address)
