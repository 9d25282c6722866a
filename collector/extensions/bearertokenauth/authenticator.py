"""`bearertokenauth`: one set of tokens, asked of senders and shown by exporters.

Tokens are compared by their SHA-256, so the time that it takes tells nothing of them, however many there are. Neither a token
nor a part of one stands in a log line or an answer.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.component import Context
from collector.domains.credential import Credential
from collector.domains.resolver import RequestFacts
from collector.errors import InvalidPayload, LogboomError, Unauthenticated
from collector.extensions.bearertokenauth.config import BearerTokenAuthConfig
from collector.extensions.bearertokenauth.token_file import TokenFile

log = logging.getLogger(__name__)

_KNOWN = Credential()
_NOBODY = bytes(32)


class BearerTokenAuth:
    """Both authenticators in one; safe from any thread."""

    def __init__(self, config: BearerTokenAuthConfig, context: Context) -> None:
        self._id = context.id
        self._name = config.header
        self._header = config.header.lower()
        self._scheme = config.scheme
        self._challenge = f'{config.scheme or "ApiKey"} realm="logboom"'
        self._file = TokenFile(Path(config.filename)) if config.filename else None
        self._told = ""
        self._ignores = bool(self._file and config.written())
        self._take([] if self._file else config.written())

    def start(self) -> None:
        """Read the file. Raises LogboomError when it holds no token."""
        if self._file is not None:
            self._take(self._file.read())
        if self._ignores:
            log.warning("%s: filename is there, so the tokens of the configuration are ignored", self._id)

    def reload(self) -> None:
        """Take a file that has changed; one without a token (it may be half written) changes nothing, and is told."""
        if self._file is None or not (self._file.changed or self._told):
            return
        try:
            self._take(self._file.read())
        except LogboomError as error:
            if str(error) != self._told:
                log.warning("%s: the old tokens stay: %s", self._id, error)
            self._told = str(error)
        else:
            self._told = ""
            log.info("%s: the token file has changed and is read again", self._id)

    def shutdown(self) -> None:
        """Nothing is held."""

    def authenticate(self, request: RequestFacts) -> Credential:
        """Somebody who knows a token; whose records they are, the request says."""
        values = request.values(self._header)
        if len(values) > 1:
            raise InvalidPayload(f"more than one {self._name} header")
        if not values or not values[0]:
            raise Unauthenticated(f"no credential in the header {self._name}", [self._challenge], cause="missing")
        scheme, _, token = values[0].rpartition(" ") if self._scheme else ("", "", values[0])
        digest = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        known = hmac.compare_digest(self._known.get(digest, _NOBODY), digest)
        if not known or scheme.strip().lower() != self._scheme.lower():
            raise Unauthenticated("the credential is not valid", [f'{self._challenge}, error="invalid_token"'])
        return _KNOWN

    def recall(self, request: RequestFacts) -> Credential | None:
        """Looking a token up is no more work than remembering it."""
        try:
            return self.authenticate(request)
        except Unauthenticated:
            return None

    async def headers(self) -> Mapping[str, str]:
        """The first token."""
        return self._shown

    def _take(self, tokens: Sequence[str]) -> None:
        digests = [hashlib.sha256(token.encode()).digest() for token in tokens]
        self._known = dict(zip(digests, digests, strict=True))
        self._shown = {self._name: f"{self._scheme} {tokens[0]}".lstrip()} if tokens else {}
