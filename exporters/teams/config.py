"""Options of the `teams` exporter."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import NewsQueueConfig, NoticeOptions, NoticeQueueConfig, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin


class TeamsConfig(HttpClientConfig, NoticeOptions):
    """An HTTP client, delivery, and the flow that is told."""

    own_credential = "`url`"

    url: SecretStr = Field(..., min_length=1)
    """URL of a Workflows flow ("When a Teams webhook request is received"); a secret, for it holds a signature."""
    pace: PaceConfig = PaceConfig(calls=2)
    """How many messages are sent in a time (Teams takes four a second); critical ones have the same once more, for themselves."""
    sending_queue: NoticeQueueConfig = NewsQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_url("url", self.address)
        if leaves_in_the_clear(self.address):
            raise ValueError("a secret would travel over http:// to another machine: use https://")
        return self

    @property
    def address(self) -> str:
        """The URL, revealed."""
        return self.url.get_secret_value()

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.address)
