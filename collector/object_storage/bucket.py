"""Objects of a bucket or container, by obstore."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from collector.object_storage.target import (
    Busy,
    Content,
    Exists,
    Missing,
    Refused,
    Stored,
    TargetError,
    Unconditional,
)  # fmt: skip

_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_CLIENT = ("allow_http", "allow_invalid_certificates", "proxy_url")
"""Options of the client, not of the storage."""
_BUSY = re.compile(r"\b(429|503)\b|SlowDown|TooManyRequests|ServerBusy")
_REFUSED = re.compile(
    r"\b(401|403)\b|NoSuchBucket|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|PermanentRedirect"
)


class ObjectTarget:
    """Objects of a bucket or container.

    Args:
        options: as obstore names them (`region`, `endpoint`); `credential_provider` may be a function that obstore calls.
        timeout_secs: of one request; 0: the library's own.
        retries: whether the library tries again by itself.
    """

    def __init__(
        self, url: str, options: Mapping[str, Any], timeout_secs: float = 0.0, *, retries: bool = True
    ) -> None:
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError:
            raise TargetError(
                f"{url}: object storage needs an extra: pip install 'logboom[archive]' or 'logboom[backup]'"
            ) from None
        self._url = url.rstrip("/")
        self._errors = (BaseError, OSError)
        client: dict[str, Any] = {name: options[name] for name in _CLIENT if name in options}
        if timeout_secs:
            client["timeout"] = timedelta(seconds=timeout_secs)
        provider = options.get("credential_provider")
        named: Any = {name: value for name, value in options.items() if name not in (*_CLIENT, "credential_provider")}
        given: Any = {"credential_provider": provider} if provider is not None else {}
        given |= {"client_options": client or None, "retry_config": _RETRIES if retries else {"max_retries": 0}}
        try:
            self._store: Any = from_url(url, config=named, **given)
        except (BaseError, ValueError) as error:
            raise TargetError(f"{url} can't be used: {error}") from error

    def put(self, name: str, content: Content, *, new: bool = False, headers: Mapping[str, str] | None = None) -> None:
        """See `Target.put`."""
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        more: Any = {"attributes": dict(headers)} if headers else {}
        try:
            self._store.put(name, content, mode="create" if new else "overwrite", use_multipart=False, **more)
        except AlreadyExistsError:
            raise Exists(f"{self._url}/{name} exists") from None
        except (NotSupportedError, NotImplementedError) as error:
            raise Unconditional(f"{self._url}: {_first_line(error)}") from error
        except self._errors as error:
            if new and "NotImplemented" in str(error):
                raise Unconditional(f"{self._url}: {_first_line(error)}") from error
            raise self._meant(error, f"{self._url}/{name} can't be written") from error

    def get(self, name: str) -> bytes:
        """See `Target.get`."""
        return self._read(name, lambda: self._store.get(name).bytes())

    def part(self, name: str, start: int, length: int) -> bytes:
        """See `Target.part`."""
        return self._read(name, lambda: self._store.get_range(name, start=start, length=length))

    def list(self, prefix: str) -> Iterator[Stored]:
        """See `Target.list`."""
        try:
            for page in self._store.list(prefix.rstrip("/") or None):
                yield from (Stored(found["path"], found["size"], found["last_modified"].timestamp()) for found in page)
        except self._errors as error:
            raise self._meant(error, f"{self._url}/{prefix} can't be listed") from error

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Target.folders`."""
        try:
            found = self._store.list_with_delimiter(prefix.rstrip("/") or None)
            return sorted(path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"])
        except self._errors as error:
            raise self._meant(error, f"{self._url}/{prefix} can't be listed") from error

    def delete(self, names: Sequence[str]) -> None:
        """See `Target.delete`."""
        from obstore.exceptions import NotFoundError

        for name in names:
            try:
                self._store.delete(name)
            except (NotFoundError, FileNotFoundError):
                continue
            except self._errors as error:
                raise self._meant(error, f"{self._url}/{name} can't be deleted") from error

    def _read(self, name: str, reading: Any) -> bytes:
        from obstore.exceptions import NotFoundError

        try:
            return bytes(reading())
        except (NotFoundError, FileNotFoundError):
            raise Missing(f"{self._url}/{name} is missing") from None
        except self._errors as error:
            raise self._meant(error, f"{self._url}/{name} can't be read") from error

    def _meant(self, error: Exception, what: str) -> TargetError:
        from obstore.exceptions import NotFoundError, PermissionDeniedError, UnauthenticatedError

        text = f"{what}: {_first_line(error)}"
        if _BUSY.search(str(error)):
            return Busy(text)
        if isinstance(error, NotFoundError | PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(
            str(error)
        ):
            return Refused(text)
        return TargetError(text)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
