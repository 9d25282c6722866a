"""The options that exporters of tickets share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.delivery.notice_options import IncidentOptions, PaceConfig
from collector.units import Duration


class TicketOptions(IncidentOptions):
    """Base of such options."""

    timeout: Duration = 20.0
    """Time for one call; 0 = no limit."""
    pace: PaceConfig = PaceConfig.model_validate({"calls": 30, "per": "1m"})
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""
    reopen_within: Duration = Field(259_200.0, ge=0)
    """A ticket that was closed no longer ago is opened again; else a new one is made, which names it."""
    on_resolve: Literal["comment", "close", "nothing"] = "comment"
    """What happens to the ticket when the group is over: people close tickets, unless told otherwise."""
