"""Options of the `sms` exporter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import NewsQueueConfig, NoticeOptions, NoticeQueueConfig, PaceConfig
from collector.transport.http_client_config import HttpClientConfig, leaves_in_the_clear, origin

Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]


class SmsConfig(HttpClientConfig, NoticeOptions):
    """An HTTP client, delivery, an account with Twilio, and who is told."""

    own_credential = "`auth_token`"

    account_sid: str = Field(..., pattern=r"^AC[0-9a-fA-F]{32}$")
    """The account."""
    auth_token: SecretStr = Field(..., min_length=1)
    """Its token, or the secret of an API key."""
    key_sid: str = Field("", pattern=r"^(SK[0-9a-fA-F]{32})?$")
    """SID of an API key, in the place of the account's own token."""
    sender: str = Field("", pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})?$")
    """Number, short code or name that messages come from."""
    messaging_service_sid: str = Field("", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    """A messaging service, in the place of `sender`."""
    to: list[Number] = Field(..., min_length=1, max_length=20)
    """Who is told: `+4915112345678`."""
    resolved: bool = False
    """Whether people are told that something is over, and that somebody has acknowledged it."""
    endpoint: str = "https://api.twilio.com"
    """Where Twilio's API is."""
    pace: PaceConfig = PaceConfig.model_validate({"calls": 20, "per": "1h"})
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""
    sending_queue: NoticeQueueConfig = NewsQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.sender) == bool(self.messaging_service_sid):
            raise ValueError("exactly one of sender and messaging_service_sid must be specified")
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("the token would travel over http:// to another machine: use https://")
        return self

    @property
    def address(self) -> str:
        """Where messages are."""
        return f"{self.endpoint.rstrip('/')}/2010-04-01/Accounts/{self.account_sid}/Messages.json"

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.endpoint)
