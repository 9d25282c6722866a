"""Options of the `apprise` exporter."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from collector.delivery.notice_options import NewsQueueConfig, NoticeOptions, NoticeQueueConfig, PaceConfig
from collector.units import Duration


class AppriseConfig(NoticeOptions):
    """Delivery, and the places that are told."""

    urls: list[SecretStr] = Field(..., min_length=1, max_length=20)
    """Apprise's URLs, each a place that is told: `discord://…`, `gchat://…`, `tgram://…`, `ntfys://…`; secrets, for they hold tokens."""
    max_chars: int = Field(1500, ge=140, le=30_000)
    """How long a message may be: the shortest that one of the places takes."""
    attempts: int = Field(3, ge=0, le=20)
    """How often a place that did not take a message is told again. The library says no more than that it did not: it may have, all the same."""
    timeout: Duration = 30.0
    """Time for one message to one place; 0 = no limit."""
    pace: PaceConfig = PaceConfig.model_validate({"calls": 18, "per": "1m"})
    """How many messages are sent in a time (Telegram takes some twenty a minute and group); critical ones have the same once more, for themselves."""
    sending_queue: NoticeQueueConfig = NewsQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for at, url in enumerate(self.urls):
            scheme, found, _ = url.get_secret_value().partition("://")
            if not found or not scheme.replace("+", "").isalnum():
                raise ValueError(f"urls.{at}: it is no URL of Apprise: scheme://…")
        return self

    def destination(self) -> str:
        """For people: the kinds of places, without what else the URLs hold."""
        return ", ".join(dict.fromkeys(url.get_secret_value().partition("://")[0] for url in self.urls))
