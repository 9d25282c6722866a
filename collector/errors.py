"""Every exception of logboom, drawn first.

    LogboomError
    ├── ConfigError              the configuration is refused; carries every problem at once
    ├── Refusal                  a request is not accepted; the sender is told why
    │   ├── Unavailable          our own state (journal full, stopping, commit failed): the sender keeps its data
    │   ├── Exhausted            a limit of the domain itself: the sender slows down and keeps its data
    │   ├── InvalidPayload       the bytes are not a valid OTLP request: never resend them
    │   ├── TooLarge             over a size limit: never resend as it is
    │   ├── TooManyCombinations  headers with one more combination of values than the configuration keeps apart
    │   ├── Unauthenticated      no or unknown credential
    │   └── PermissionDenied     the credential is known, and may not do this
    ├── Unsendable               records can't be sent as the options say
    ├── KeyDestroyed             what was encrypted can't be read any more, by anybody
    └── StorageError             an environment on disk can't be used, or can't be trusted any more: the process exits
        ├── Locked               another process writes it; a successor waits for it
        ├── Replaced             its directory was moved, deleted or replaced: nobody will find what is written
        ├── Lost                 a partition is another owner's, or nobody knows what was committed last: it is dropped, and taken anew
        ├── NoRoom               disk or budget are full; nothing was changed, and the same may be tried again
        ├── OutOfReach           the brokers of a cluster can't be asked now; the same may be tried again
        ├── KeysUnavailable      keys can't be had now (master key, its service, their file); the same may be tried again
        └── Damaged              bytes on disk are not those that were written; the sentence says the way out

Exceptions take facts and compose their own sentence. The map from a `Refusal` to gRPC and HTTP codes is
`collector/ingress/refusals.py`, and nowhere else.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Sequence
from dataclasses import dataclass


class LogboomError(Exception):
    """The root of all exceptions that logboom raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration: what, where, and how to fix it.

    `line` and `column` count from 1; 0 means that the place is not in a file (a command-line value).
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    code: str = "config/invalid"
    hint: str = ""


class ConfigError(LogboomError):
    """The configuration is refused. `problems` holds all that is wrong, in file order; `warnings` what may be behind it; `hidden` texts of
    it that whoever quotes its lines must not show."""

    def __init__(
        self, problems: list[Problem], warnings: Sequence[str] = (), hidden: Collection[str] = frozenset()
    ) -> None:
        self.problems = problems
        self.hidden = hidden
        self.warnings = tuple(dict.fromkeys(warnings))
        super().__init__("; ".join(problem.message for problem in problems))


class Refusal(LogboomError):
    """A request is not accepted. Nothing of it was kept.

    Args:
        reason: a sentence for the sender, without secrets.
        retry_after_secs: the hint for the sender; None when resending the same bytes is pointless.
    """

    def __init__(self, reason: str, retry_after_secs: float | None = None) -> None:
        self.reason = reason
        self.retry_after_secs = retry_after_secs
        super().__init__(reason)


class Unavailable(Refusal):
    """Our own state does not allow it now; the sender keeps its data (UNAVAILABLE / 503)."""

    def __init__(self, reason: str, retry_after_secs: float = 1.0) -> None:
        super().__init__(reason, retry_after_secs)


class Exhausted(Refusal):
    """A limit of the domain itself is reached; the sender slows down (RESOURCE_EXHAUSTED / 429)."""

    def __init__(self, reason: str, retry_after_secs: float = 1.0) -> None:
        super().__init__(reason, retry_after_secs)


class InvalidPayload(Refusal):
    """The bytes are not a valid OTLP request (INVALID_ARGUMENT / 400)."""


class TooLarge(Refusal):
    """The request is over a limit of size or shape (RESOURCE_EXHAUSTED without RetryInfo / 413)."""


class TooManyCombinations(Refusal):
    """Its headers would be one more batch than `metadata_cardinality_limit` lets (INTERNAL / 500, as the Collector says it): what its
    sender says again finds no place either."""


class Unauthenticated(Refusal):
    """The credential is missing or unknown (UNAUTHENTICATED / 401).

    Args:
        reason: one sentence for all that is wrong, so that it tells nothing of a credential.
        challenges: by what the sender may prove itself (values of `WWW-Authenticate`, RFC 9110, 11.6.1).
        cause: a word for ourselves: `missing`, `malformed`, `unknown`, `revoked`, `expired`, …
        credential, domain: id of one that was good once, and whose it was: for ourselves, too.
    """

    def __init__(
        self,
        reason: str,
        challenges: Sequence[str] = ('Bearer realm="logboom"',),
        *,
        cause: str = "unknown",
        credential: str = "",
        domain: str = "",
    ) -> None:
        self.challenges = tuple(challenges)
        self.cause = cause
        self.credential = credential
        self.domain = domain
        super().__init__(reason)


class PermissionDenied(Refusal):
    """The credential is known, but not for this (PERMISSION_DENIED / 403).

    Args:
        challenges: as of `Unauthenticated`, where another credential would do (RFC 6750, 3.1: `insufficient_scope`).
        cause: a word for ourselves: `domain`, `scope`, `network`, `origin`, …
    """

    def __init__(self, reason: str, challenges: Sequence[str] = (), *, cause: str = "denied") -> None:
        self.challenges = tuple(challenges)
        self.cause = cause
        super().__init__(reason)


class Unsendable(LogboomError):
    """What came with these records makes no request of them, however often: they become dead letters. A sentence without secrets."""


class KeyDestroyed(LogboomError):
    """The key by which this was encrypted was destroyed: nobody reads it any more."""


class StorageError(LogboomError):
    """An environment on disk failed (I/O error, foreign format, held by another process).

    `fatal`: the process can't go on with it. Otherwise nothing was changed, and the same may be tried again in a while.
    """

    fatal = True


class Locked(StorageError):
    """Another process holds the environment for writing."""


class Replaced(StorageError):
    """The open files are not those of their name any more; nothing may be acknowledged for them."""


class Lost(StorageError):
    """A partition can't be written any more: another owner has it, or nobody knows whether the last commit counts. Nothing of it may be
    used from here on; whoever takes it (this process, too) reads from the log what is true. The rest of the process goes on."""

    fatal = False


class NoRoom(StorageError):
    """The disk (or a budget on it) has no room now. Whoever wanted it rests and tries again."""

    fatal = False


class OutOfReach(StorageError):
    """No broker answers now. Nothing was lost; the same may be tried again."""

    fatal = False


class KeysUnavailable(StorageError):
    """Keys can't be had now: the master key, whoever keeps it, or the file of keys. Nothing was lost; the same may be tried again."""

    fatal = False


class Damaged(StorageError):
    """What was read is not what was written. Whoever needs it rests, and says so; the rest of the process goes on."""

    fatal = False


_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)


def storage_error(what: object, error: OSError) -> StorageError:
    """What an error of the file system means: `NoRoom` when the disk is full, else one that ends the process."""
    kind = NoRoom if error.errno in _OUT_OF_SPACE else StorageError
    return kind(f"{what}: {error.strerror or error}")
