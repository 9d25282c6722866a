"""What a browser keeps while its person logs in somewhere else: so nothing waits here for people who never come back."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass

from collector.component import Journey

TRIP_SECS = 600


@dataclass(frozen=True, slots=True)
class Trip:
    """By which authenticator, to which place of it, and where to go afterwards."""

    by: str
    name: str
    goal: str
    journey: Journey

    def packed(self) -> str:
        """For a cookie. The URL is left out: it is behind them."""
        said = asdict(self) | {"journey": list(self.journey._replace(url=""))}
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()

    @classmethod
    def unpacked(cls, text: str) -> Trip | None:
        """None for what is none."""
        try:
            said = json.loads(base64.urlsafe_b64decode(text))
            url, state, nonce, verifier = (str(each) for each in said["journey"])
            return cls(str(said["by"]), str(said["name"]), str(said["goal"]), Journey(url, state, nonce, verifier))
        except (ValueError, KeyError, TypeError):
            return None
