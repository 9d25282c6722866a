"""The options that exporters of notices share: they take what `alerting` addresses to them, a message for a group, at a pace."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.delivery.addressed_options import AddressedOptions
from collector.delivery.config import QueueConfig
from collector.notices.templates import Templates
from collector.units import Duration


class PaceConfig(Config):
    """`pace`."""

    calls: int = Field(1, ge=1)
    """So many at once, and over time no more than that in `per`."""
    per: Duration = Field(1.0, gt=0)
    """The time in which they are counted."""


class TemplateConfig(Config):
    """`template`: the operator's own words, in Jinja. What senders wrote is data in them, and is escaped as everything is."""

    title: str = ""
    """In the place of the line that says it all, such as `{{ level | upper }} {{ labels.service }}: {{ text }}`. There are `text`, `level`, `status`,
    `reason`, `count`, `since`, `labels`, `facts`, `alerts`, `truncated`, `flapped`, `acknowledged`, `domain`, `receiver`, `group`."""
    note: str = ""
    """Below the facts, such as `runbook: ops/{{ labels.service }}`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        Templates(self.title, self.note).check()
        return self


class NoticeQueueConfig(QueueConfig):
    """`sending_queue`: messages of different groups don't wait for each other; those of a group do."""

    num_consumers: int = 32
    """Messages under way or waiting for their next attempt at once, each of another group."""


class NewsQueueConfig(NoticeQueueConfig):
    """`sending_queue` of what people read at once or never."""

    max_age: Duration = 3600.0
    """Messages that wait longer are given up (`dropped:expired`); 0 = no limit."""


class NoticeOptions(AddressedOptions):
    """Base of such options."""

    taken: ClassVar[str] = "notifications"
    done: ClassVar[str] = "sends notifications that a connector `alerting` addresses to it"

    timeout: Duration = 10.0
    """Time for one call; 0 = no limit."""
    sending_queue: NoticeQueueConfig = NoticeQueueConfig()
    """Queue, batching and quota."""
    pace: PaceConfig = PaceConfig()
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""

    template: TemplateConfig = TemplateConfig()
    """Words of your own."""


class IncidentOptions(NoticeOptions):
    """Base of options of systems in which a group is an incident, an alert or a ticket: a digest is none, and would open one for ever."""

    @property
    def takes_digests(self) -> bool:
        """None."""
        return False
