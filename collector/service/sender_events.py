"""Events of an ingest process about credentials and who uses them: what is unusual at once, what is usual as a sum of an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from collector.admission.doorkeeper import LET_IN, Asked
from collector.admission.steps import Arrival
from collector.control.catalogue import (
    AUTH_SUCCEEDED,
    DOMAIN_MISMATCH,
    KEY_EXPIRED_USED,
    KEY_EXPOSED,
    KEY_NEW_NETWORK,
)
from collector.control.record import Value
from collector.control.repeats import Repeats
from collector.control.reporter import Reporter
from collector.domains.credential import Credential
from collector.errors import PermissionDenied

ENDED = frozenset({"expired", "revoked"})
"""Causes of refusals of keys that were good once."""
_SUM_SECS = 3600.0
_MOST_AGENT = 200


class _Foreign(NamedTuple):
    credential: str
    domain: str
    reason: str
    receiver: str
    address: str


class _Exposed(NamedTuple):
    credential: str
    domain: str
    name: str
    records_of: str
    receiver: str


class SenderEvents:
    """Told from any thread, in the thread of the request.

    Args:
        address: where a request comes from.
        clock: monotonic seconds.
    """

    def __init__(
        self, reporter: Reporter, address: Callable[[Arrival], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reporter = reporter
        self._address = address
        self._clock = clock
        self._foreign = Repeats(self._tell_foreign, _Foreign("", "", "", "", "others"))
        self._exposed = Repeats(self._tell_exposed, _Exposed("others", "", "", "", ""))
        self._ended = Repeats(self._tell_ended, Asked("", "", "", "", "others", ""))
        self._guessed: Repeats[tuple[Asked, int]] = Repeats(
            self._tell_guessed, (Asked("", "", "", "", "others", ""), 0)
        )
        self._summed: dict[str, int] = {}
        self._summed_at = -_SUM_SECS

    def entered(self, asked: Asked, failures: int, network: str) -> None:
        """Somebody was let in; see `OnEntered`."""
        asked = asked._replace(user_agent=asked.user_agent[:_MOST_AGENT])
        if failures:
            self._guessed.happened((asked, failures))
        if network:
            whose = _whose(asked.credential, asked.domain)
            body = f"the credential {whose} is used from {network}, for the first time in 30 days"
            told = {**_of(asked), "logboom.network": network}
            self._reporter.tell(KEY_NEW_NETWORK, body, told, concerned=asked.domain)

    def refused(self, asked: Asked) -> None:
        """Somebody was not."""
        if asked.cause in ENDED and asked.credential:
            self._ended.happened(asked._replace(user_agent=asked.user_agent[:_MOST_AGENT]))

    def foreign(self, arrival: Arrival, refusal: PermissionDenied) -> None:
        """A domain was refused; of a sender whom nobody asked that is no news."""
        credential = arrival.credential
        if credential is not None:
            found = _Foreign(
                credential.id, credential.domain or "", refusal.reason, arrival.receiver, self._address(arrival)
            )
            self._foreign.happened(found)

    def exposed(self, arrival: Arrival, credential: Credential) -> None:
        """A live key stands in a record."""
        name = credential.attributes.get("key.name", "")
        self._exposed.happened(_Exposed(credential.id, credential.domain or "", name, arrival.domain, arrival.receiver))

    def flush(self, counts: Mapping[tuple[str, str, str], int]) -> None:
        """Tell what is due; each second. `counts`: those of the doorkeeper."""
        for each in (self._foreign, self._exposed, self._ended, self._guessed):
            each.flush()
        if self._clock() - self._summed_at >= _SUM_SECS:
            self._sum({who: number for (who, outcome, _), number in counts.items() if outcome == LET_IN})

    def _sum(self, let_in: Mapping[str, int]) -> None:
        for authenticator, number in let_in.items():
            more = number - self._summed.get(authenticator, 0)
            if more:
                self._summed[authenticator], self._summed_at = number, self._clock()
                told: dict[str, Value] = {
                    "logboom.authenticator": authenticator, "logboom.count": more, "logboom.failures": 0,
                }  # fmt: skip
                self._reporter.tell(
                    AUTH_SUCCEEDED, f"{authenticator} let {_requests(more)} in within the last hour", told
                )

    def _tell_guessed(self, guessed: tuple[Asked, int], count: int) -> None:
        asked, failures = guessed
        self._reporter.tell(
            AUTH_SUCCEEDED, f"{asked.authenticator} let {asked.address} in, from where {failures} wrong credential(s) came within a minute",
            {**_of(asked), "logboom.authenticator": asked.authenticator, "logboom.count": count, "logboom.failures": failures},
        )  # fmt: skip

    def _tell_ended(self, asked: Asked, count: int) -> None:
        how = "has expired" if asked.cause == "expired" else "was revoked"
        body = f"the key {_whose(asked.credential, asked.domain)} is used by {asked.address}, and {how}"
        told = {**_of(asked), "error.type": asked.cause, "logboom.count": count}
        self._reporter.tell(KEY_EXPIRED_USED, body, told, concerned=asked.domain)

    def _tell_foreign(self, foreign: _Foreign, count: int) -> None:
        self._reporter.tell(
            DOMAIN_MISMATCH, f"{_whose(foreign.credential, foreign.domain)}: {foreign.reason}",
            _said({"user.id": foreign.credential, "logboom.domain": foreign.domain, "logboom.reason": foreign.reason,
                   "logboom.receiver": foreign.receiver, "client.address": foreign.address, "logboom.count": count}),
            concerned=foreign.domain,
        )  # fmt: skip

    def _tell_exposed(self, exposed: _Exposed, count: int) -> None:
        whose = _whose(exposed.credential, exposed.domain)
        self._reporter.tell(
            KEY_EXPOSED, f"the key {whose} stands in records of {exposed.records_of}: whoever reads them could have sent with it",
            _said({"user.id": exposed.credential, "logboom.domain": exposed.domain, "logboom.name": exposed.name,
                   "logboom.records_of": exposed.records_of, "logboom.receiver": exposed.receiver, "logboom.count": count}),
            concerned=exposed.domain,
        )  # fmt: skip


def _of(asked: Asked) -> dict[str, Value]:
    return _said(
        {"user.id": asked.credential, "logboom.domain": asked.domain, "logboom.receiver": asked.receiver,
         "client.address": asked.address, "user_agent.original": asked.user_agent}
    )  # fmt: skip


def _said(told: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in told.items() if value != ""}


def _whose(credential: str, domain: str) -> str:
    return f"{credential or 'of several'} of {domain}" if domain else credential or "of several"


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
