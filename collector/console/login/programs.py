"""Several authenticators as one: a program shows what one of them knows, and need not say which."""

from __future__ import annotations

from collections.abc import Mapping

from collector.component import Recalls, ServerAuthenticator
from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.errors import Refusal, Unauthenticated

_TELLING = ("revoked", "expired", "early")
"""Causes of which one says more than another's `unknown`."""


class AnyOf:
    """Asks one after the other. Safe from any thread, as they are.

    Args:
        authenticators: by id.
    """

    def __init__(self, authenticators: Mapping[str, ServerAuthenticator]) -> None:
        self._authenticators = authenticators

    @property
    def name(self) -> str:
        """For events."""
        return " or ".join(self._authenticators) or "sessions"

    def start(self) -> None:
        """Whoever made them does that."""

    def reload(self) -> None:
        """Likewise."""

    def shutdown(self) -> None:
        """Likewise."""

    def authenticate(self, request: RequestFacts) -> Credential:
        """The first that knows it. Raises the most telling `Refusal`, with what all of them take."""
        refusals: list[Refusal] = []
        for each in self._authenticators.values():
            try:
                return each.authenticate(request)
            except Refusal as refusal:
                refusals.append(refusal)
        undecided = next((one for one in refusals if not isinstance(one, Unauthenticated)), None)
        if undecided is not None:
            raise undecided
        wrong = [one for one in refusals if isinstance(one, Unauthenticated)]
        raise _of_all(wrong)

    def recall(self, request: RequestFacts) -> Credential | None:
        """As the first that knows it again."""
        found = (each.recall(request) for each in self._authenticators.values() if isinstance(each, Recalls))
        return next((one for one in found if one is not None), None)


def _of_all(wrong: list[Unauthenticated]) -> Unauthenticated:
    challenges = tuple(dict.fromkeys(text for one in wrong for text in one.challenges)) or ('Bearer realm="logboom"',)
    if all(one.cause == "missing" for one in wrong):
        return Unauthenticated("a login is needed: send authorization: Bearer KEY", challenges, cause="missing")
    told = [one for one in wrong if one.cause != "missing"]
    most = next((one for one in told if one.cause in _TELLING), told[0])
    return Unauthenticated(
        "the credential is not valid", challenges, cause=most.cause, credential=most.credential, domain=most.domain
    )
