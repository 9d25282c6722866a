"""Options of `log_dedup`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from collector.client_info import Wanted
from collector.component import Config
from collector.units import Duration

_PLACES = ("body", "attributes")


class LogDedupConfig(Config):
    """What is the same, and for how long."""

    interval: Duration = 10.0
    """How long equal records are gathered, from the first of them."""
    log_count_attribute: str = "log_count"
    """The attribute that says how many they were."""
    timezone: str = "UTC"
    """Zone in which `first_observed_timestamp` and `last_observed_timestamp` are written."""
    conditions: list[str] = []
    """OTTL: only records for which one of these holds are gathered, others pass at once; none: all are."""
    exclude_fields: list[str] = []
    """Fields that are taken out of the records before they are compared: `body.x`, `attributes`, `attributes.y.z`; `\\\\.` is a point in a name."""
    include_fields: list[str] = []
    """Fields that alone are compared, beside resource and scope; a record that has none of them is compared whole."""
    metadata_keys: list[str] = []
    """Headers of requests (of receivers with `include_metadata`): records that came with other values of them are not the same."""
    metadata_cardinality_limit: int = Field(0, ge=0)
    """Most combinations of their values since the start; a request with one more is refused. 0: no limit."""

    def asks_of_clients(self) -> Wanted:
        """Its keys."""
        return Wanted.headers(self.metadata_keys)

    def kept_apart(self) -> tuple[Wanted, int]:
        """By its keys, and so many."""
        return self.asks_of_clients(), self.metadata_cardinality_limit if self.metadata_keys else 0

    def keeps_state(self) -> bool:
        """Always: the records of an interval."""
        return True

    @field_validator("interval", mode="before")
    @classmethod
    def _some_time(cls, given: Any) -> Any:
        if given == 0 or (isinstance(given, str) and (given.strip() in ("0", "0s") or given.strip().startswith("-"))):
            raise ValueError("interval must be greater than 0")
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.log_count_attribute:
            raise ValueError("log_count_attribute must be set")
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError) as error:  # a name that is not there is a KeyError of its own
            raise ValueError(f"timezone is invalid: {error}") from error
        except KeyError as error:
            raise ValueError(f"timezone is invalid: unknown time zone {self.timezone}") from error
        if self.exclude_fields and self.include_fields:
            raise ValueError("cannot define both exclude_fields and include_fields")
        _check_fields("exclude", self.exclude_fields)
        _check_fields("include", self.include_fields)
        if self.conditions:
            from processors.log_dedup.eligible import (
                questions_of,
            )  # loads polars: only where there is something to check

            questions_of(self.conditions)
        return self


def _check_fields(verb: str, fields: list[str]) -> None:
    for field in fields:
        if field == "body":
            raise ValueError(f"cannot {verb} the entire body")
        if field.partition(".")[0] not in _PLACES:
            raise ValueError(f"an {verb}field must start with {' or '.join(_PLACES)}")
        if fields.count(field) > 1:
            raise ValueError(f"duplicate {verb}_field {field}")
