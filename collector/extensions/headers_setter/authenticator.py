"""`headers_setter`: what stands in the headers of an exporter's requests, beside what another authenticator says.

Delivery puts no records into one request with which something else came, where a header asks for that, and says what came (`SENT_WITH`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from collector.client_info import SENT_WITH, ClientInfo
from collector.component import ClientAuthenticator, Context
from collector.errors import LogboomError, Unsendable
from collector.extensions.headers_setter.config import Header, HeadersSetterConfig, is_line
from collector.named_file import Version, version

log = logging.getLogger(__name__)

_MOST_BYTES = 64 << 10


class HeadersSetter:
    """Safe from any thread."""

    def __init__(self, config: HeadersSetterConfig, context: Context) -> None:
        self._id = context.id
        self._headers = [(header.key, header.action, _Text(header)) for header in config.headers]
        self._first: ClientAuthenticator | None = (
            context.extensions[config.additional_auth] if config.additional_auth else None
        )

    def start(self) -> None:
        """Read the files. Raises LogboomError."""
        for _, _, text in self._headers:
            text.read()

    def reload(self) -> None:
        """Take files that have changed; what can't be read changes nothing, and is told once."""
        for _, _, text in self._headers:
            if told := text.look():
                log.warning("%s: the old value stays: %s", self._id, told)

    def shutdown(self) -> None:
        """Nothing is held."""

    async def headers(self) -> Mapping[str, str]:
        """Those that are set in any case."""
        return await self.amended({})

    async def amended(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers of a request, after each of ours in turn."""
        found = dict(headers)
        if self._first is not None:
            for name, value in (await self._first.headers()).items():
                _drop(found, name)
                found[name] = value
        for key, action, text in self._headers:
            there = any(name.lower() == key.lower() for name in found)
            if (action == "insert" and there) or (action == "update" and not there):
                continue
            _drop(found, key)
            if action != "delete":
                found[key] = text.of(SENT_WITH.get())
        return found


class _Text:
    """A header's value."""

    def __init__(self, header: Header) -> None:
        self.value = header.text
        self._key = header.key
        self._header, self._attribute = header.from_context.lower(), header.from_attribute
        self._path = Path(header.value_file) if header.value_file else None
        self._seen: Version | None = None
        self._told = ""

    def of(self, client: ClientInfo) -> str:
        """What it says of records with which that came. Raises Unsendable: of several values none can be chosen, and not all can be said."""
        values = client.metadata.get(self._header, ()) if self._header else [client.auth.get(self._attribute, "")]
        if len(values) > 1:
            raise Unsendable(
                f"{len(values)} values of the header {self._header} came with it, and {self._key} says one"
            )
        value = values[0] if values else ""
        if not is_line(value):
            raise Unsendable(f"what came with it is no line of ASCII, which {self._key} must be")
        return value or self.value

    def read(self) -> None:
        """Raises LogboomError, without what stands in the file."""
        if self._path is None:
            return
        self._seen = version(self._path)
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1).decode("utf-8", "replace").strip()
        except OSError as error:
            raise LogboomError(f"the value of {self._key}, {self._path}, cannot be read: {error.strerror}") from None
        if not text or len(text) > _MOST_BYTES or not is_line(text):
            raise LogboomError(f"the value of {self._key}, {self._path}, must be one line of ASCII")
        self.value = text

    def look(self) -> str:
        """What is to be told of a file that can't be taken; the same only once."""
        if self._path is None or (version(self._path) == self._seen and not self._told):
            return ""
        before, self._told = self._told, ""
        try:
            self.read()
        except LogboomError as error:
            self._told = str(error)
        return self._told if self._told != before else ""


def _drop(headers: dict[str, str], key: str) -> None:
    for name in [name for name in headers if name.lower() == key.lower()]:
        del headers[name]
