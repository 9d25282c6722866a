"""Options that say when."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.connectors.alerting import intervals


def _zone(name: str) -> str:
    intervals.zone(name)
    return name


def _time(text: str) -> str:
    intervals.minutes(text)
    return text


Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class TimesConfig(Config):
    """A part of the day."""

    start_time: TimeOfDay
    """Such as `18:00`."""
    end_time: TimeOfDay
    """Such as `24:00`; it is not part of it any more."""


class TimeIntervalConfig(Config):
    """A set of times; what is not said is always."""

    times: list[TimesConfig] = []
    """Parts of the day."""
    weekdays: list[str] = []
    """`saturday`, or `monday:friday`."""
    days_of_month: list[str] = []
    """`1`, `1:7`, or from the end: `-1`."""
    months: list[str] = []
    """`december`, or `6:8`."""
    years: list[str] = []
    """`2026`, or `2026:2028`."""
    location: Zone = "UTC"
    """The time zone, such as `Europe/Berlin`."""

    def interval(self) -> intervals.Interval:
        """What it means. Raises `ValueError`."""
        asked = {
            "weekdays": intervals.weekdays(self.weekdays), "days_of_month": intervals.days_of_month(self.days_of_month),
            "months": intervals.months(self.months), "years": intervals.years(self.years),
        }  # fmt: skip
        times = [(intervals.minutes(one.start_time), intervals.minutes(one.end_time)) for one in self.times]
        if any(start >= end for start, end in times):
            raise ValueError("times: start_time must come before end_time; write two parts for a night")
        return intervals.Interval(times, asked, self.location)

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.interval()
        return self
