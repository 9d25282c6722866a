"""Options of the `openai` exporter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.component import Config
from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear, origin
from collector.units import ByteSize, Duration

Occasion = Literal["created", "escalating", "regressed", "reopened"]
Priority = Literal["low", "medium", "high"]


class BudgetConfig(Config):
    """`budget`: of a day (UTC), for all processes; it holds over restarts and deaths."""

    calls_per_day: int = Field(50, ge=1)
    """Calls at most."""
    tokens_per_day: int = Field(300_000, ge=1000)
    """Tokens at most, read and written."""
    cost_per_day: float = Field(0.0, ge=0)
    """At most so much, in the currency of the prices; 0 = calls and tokens alone count."""
    input_price: float = Field(0.0, ge=0)
    """Of a million tokens that are read."""
    output_price: float = Field(0.0, ge=0)
    """Of a million tokens that are written."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.cost_per_day and not (self.input_price or self.output_price):
            raise ValueError("cost_per_day needs input_price, output_price")
        return self


class ModelQueueConfig(QueueConfig):
    """`sending_queue`: nobody ever waits for a model, and what is old is written by none."""

    num_consumers: int = 2
    """Issues under way at once."""
    max_age: Duration = 3600.0
    """Issues that wait longer are given up (`dropped:expired`); 0 = no limit."""
    max_bytes: ByteSize = Field(16 << 20, ge=1 << 16)
    """Quota of the outbox on disk, for each partition."""
    on_full: Literal["auto", "block", "spill", "drop_oldest"] = "drop_oldest"
    """At the quota: the oldest is given up, whoever else stands in the pipeline; nobody is stopped."""


class OpenAiConfig(HttpClientConfig, DeliveryConfig):
    """An HTTP client, delivery, a model, and what it may cost."""

    own_credential = "`api_key`"

    endpoint: str = Field(..., min_length=1)
    """Base URL of the API, which `/chat/completions` is put behind: `https://api.openai.com/v1`, `http://localhost:11434/v1`."""
    api_key: SecretStr = SecretStr("")
    """The key; empty = none is shown."""
    model: str = Field(..., min_length=1, max_length=200)
    """Its name, as the API knows it."""
    on: list[Occasion] = Field(["created", "escalating", "regressed"], min_length=1)
    """What must happen to an issue."""
    priorities: list[Priority] = Field(["high"], min_length=1)
    """Of issues with these priorities."""
    language: str = Field("English", min_length=2, max_length=40)
    """That it writes."""
    again_after: Duration = Field(604_800.0, ge=0)
    """An issue is written about once, and again when it is another fault, or its cause became known, or after this time."""
    budget: BudgetConfig = BudgetConfig()
    """What a day may take."""
    max_input_characters: int = Field(12_000, ge=1000, le=100_000)
    """Of an issue, that are shown to the model."""
    max_tokens_written: int = Field(1500, ge=100, le=20_000)
    """That it may write, with what it thinks before."""
    timeout: Duration = 120.0
    """Time for one attempt; 0 = no limit."""
    sending_queue: ModelQueueConfig = ModelQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_url("endpoint", self.endpoint)
        if leaves_in_the_clear(self.endpoint):
            raise ValueError("issues and the key would travel over http:// to another machine: use https://")
        if self.events is not None:
            raise ValueError("events: it takes events of issues (`on`), nothing else")
        return self

    @property
    def address(self) -> str:
        """Where calls go."""
        return f"{self.endpoint.rstrip('/')}/chat/completions"

    def destination(self) -> str:
        """For people: the server."""
        return origin(self.endpoint)

    @property
    def takes_traffic(self) -> bool:
        """It takes events of issues."""
        return False

    def notes(self) -> Iterable[str]:
        """For people."""
        yield f"shows issues ({', '.join(self.on)}; priority {', '.join(self.priorities)}), redacted, to the model {self.model}"
        yield f"at most {self.budget.calls_per_day} calls and {self.budget.tokens_per_day} tokens a day"
