"""What a browser keeps while its person logs in somewhere else: so nothing waits here for people who never come back."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, replace

from collector.component import Journey

TRIP_SECS = 600
_LONGEST = 3500
"""Bytes of the cookie's value: browsers keep 4,096 with its name and what is said of it."""
_FIRST_PAGE = "/"


@dataclass(frozen=True, slots=True)
class Trip:
    """By which authenticator, to which place of it, and where to go afterwards."""

    by: str
    name: str
    goal: str
    journey: Journey

    def packed(self) -> str:
        """For a cookie. The URL is left out: it is behind them; so is a goal that no cookie holds: they come to the first page."""
        said = asdict(self) | {"journey": list(self.journey._replace(url=""))}
        text = base64.urlsafe_b64encode(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")).decode()
        return replace(self, goal=_FIRST_PAGE).packed() if len(text) > _LONGEST and self.goal != _FIRST_PAGE else text

    @classmethod
    def unpacked(cls, text: str) -> Trip | None:
        """None for what is none."""
        try:
            said = json.loads(base64.urlsafe_b64decode(text))
            url, state, nonce, verifier = (str(each) for each in said["journey"])
            return cls(str(said["by"]), str(said["name"]), str(said["goal"]), Journey(url, state, nonce, verifier))
        except (ValueError, KeyError, TypeError, RecursionError):  # strangers write cookies, too
            return None
