"""Events of an ingest process about senders: who was not let in, and domains that have reached a limit of their own."""

from __future__ import annotations

from typing import Literal, NamedTuple

from collector.admission.doorkeeper import Asked
from collector.admission.limits import Episode
from collector.control.catalogue import AUTH_FAILED, LIMIT_ENDED, LIMIT_REACHED, QUOTA_REACHED
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

    def limit(self, what: Literal["reached", "ended"], episode: Episode) -> None:
        """A rate is kept again; that it is not is told with the refusals."""
        if what == "ended":
            whose = f"{episode.domain} (credential {episode.key})" if episode.key else episode.domain
            self._reporter.tell(
                LIMIT_ENDED, f"{whose} keeps to its {episode.unit} a second again: {_requests(episode.refused)} told to slow down",
                {"logboom.domain": episode.domain, "logboom.unit": episode.unit, "user.id": episode.key,
                 "logboom.count": episode.refused, "logboom.seconds": round(episode.last - episode.began, 3)},
                concerned=episode.domain,
            )  # fmt: skip

    def quota(self, domain: str, unit: str, share: float) -> None:
        """So much of a day's quota is used."""
        self._reporter.tell(
            QUOTA_REACHED, f"{domain} has used {share:.0%} of the {unit} that it may send today",
            {"logboom.domain": domain, "logboom.unit": unit, "logboom.share": share}, concerned=domain,
        )  # fmt: skip

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
