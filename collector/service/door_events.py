"""Events of an ingest process about senders: who was not let in, and domains that have reached a limit of their own."""

from __future__ import annotations

from typing import NamedTuple

from collector.admission.doorkeeper import Asked
from collector.control.catalogue import AUTH_FAILED, LIMIT_REACHED
from collector.control.repeats import Repeats
from collector.control.reporter import Reporter
from collector.errors import Exhausted, PermissionDenied, Unauthenticated

_WHO = frozenset({Unauthenticated.__name__, PermissionDenied.__name__})


class _Limited(NamedTuple):
    domain: str
    receiver: str


class DoorEvents:
    """Told of refusals from any thread, in the thread of the request; tells each once a minute, with a count."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._limited = Repeats(self._tell_limited, _Limited("", ""))
        self._strangers = Repeats(self._tell_stranger, Asked("", "", "", "", "others", ""))

    def refused(self, receiver: str, domain: str, kind: str) -> None:
        """A request was refused; `kind` is the refusal's class name."""
        if kind == Exhausted.__name__ and domain:
            self._limited.happened(_Limited(domain, receiver))

    def asked(self, asked: Asked) -> None:
        """A sender was not let in."""
        if asked.outcome in _WHO:
            self._strangers.happened(asked._replace(user_agent=asked.user_agent[:200]))

    def flush(self) -> None:
        """Tell what is due; each second."""
        self._limited.flush()
        self._strangers.flush()

    def _tell_limited(self, limited: _Limited, count: int) -> None:
        whose = limited.domain or "other domains"
        self._reporter.tell(
            LIMIT_REACHED, f"{_requests(count)} of {whose} told to slow down: a limit of the domain is reached",
            {"logboom.domain": limited.domain, "logboom.receiver": limited.receiver, "logboom.count": count},
            concerned=limited.domain,
        )  # fmt: skip

    def _tell_stranger(self, asked: Asked, count: int) -> None:
        said = {
            "logboom.authenticator": asked.authenticator, "logboom.receiver": asked.receiver, "error.type": asked.cause,
            "client.address": asked.address, "user_agent.original": asked.user_agent, "user.id": asked.credential,
            "logboom.domain": asked.domain,
        }  # fmt: skip
        self._reporter.tell(
            AUTH_FAILED, f"{asked.authenticator} refused {count} request(s) of {asked.address}: {asked.cause}",
            {**{key: value for key, value in said.items() if value}, "logboom.count": count},
        )  # fmt: skip


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
