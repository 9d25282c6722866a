"""Options of `enrich`."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.transport.http_client_config import HttpClientConfig, check_url, leaves_in_the_clear
from collector.units import Duration

KEY, KEYS, DOMAIN = "{key}", "{keys}", "{domain}"


class FileSource(Config):
    """A file that is read whole, and again when it has changed."""

    path: str
    """The file: CSV with a header, or JSON: an object by key, a list of objects, or an object a line."""
    format: Literal["auto", "csv", "json"] = "auto"
    """`auto`: by the name's end; what does not end in `.csv` or `.tsv` is JSON."""
    key_field: str = "id"
    """The column, or member, that is the key; not needed of a JSON object by key."""
    reload_interval: Duration = 5.0
    """How often to look whether it has changed."""


class SqliteSource(Config):
    """A SQLite file, opened to read."""

    path: str
    """The file."""
    query: str
    """`SELECT … WHERE id = :key`, and `:domain` where it matters; the columns of the first row are the facts."""


class HttpSource(HttpClientConfig):
    """A service that is asked; `url` instead of `endpoint`."""

    url: str
    """Where: with `{keys}` for up to `batch` keys at once, joined by commas, or `{key}` for one, escaped; `{domain}` is the record's. With neither, `POST`
    of `{"keys": […]}`."""
    key_field: str = "id"
    """Where the answer is a list of objects: the member that is the key. An object is by key; with `{key}` it is the facts themselves."""
    result: str = ""
    """Member of the answer that holds them: `data.users`."""
    batch: int = Field(100, ge=1, le=10_000)
    """Most keys of a request."""
    concurrency: int = Field(4, ge=1, le=100)
    """Most requests under way."""
    timeout: Duration = Field(5.0, gt=0)
    """Time for the answer to a request."""

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        check_url("url", self.url.replace(KEYS, "k").replace(KEY, "k").replace(DOMAIN, "d"))
        secret = self.headers or self.auth
        if secret and leaves_in_the_clear(self.url):
            raise ValueError("the credential would travel over http:// to another machine: use https://")
        if DOMAIN in self.url and KEY not in self.url and KEYS not in self.url:
            raise ValueError(f"url: with {DOMAIN} it needs {KEY} or {KEYS}")
        return self


class CacheConfig(Config):
    """What is remembered of answers, in memory of each worker."""

    ttl: Duration = 300.0
    """So long an answer is used as it is."""
    stale: Duration = 3600.0
    """And so much longer while it is asked for again."""
    negative_ttl: Duration = 60.0
    """So long a key that the source does not know is not asked for."""
    max_entries: int = Field(100_000, ge=1)
    """Most keys; those that were not used for longest go."""


class EnrichConfig(Config):
    """By what, where, and what is set."""

    key: str = Field(min_length=1)
    """The attribute that is looked up."""
    level: Literal["record", "resource"] = "record"
    """Whose attribute it is, and who gets the facts."""
    fields: dict[str, str] = {}
    """Fact (`plan`, `address.city`) → attribute. Left out: all that are no lists or objects, under `prefix`."""
    prefix: str = ""
    """In front of the names of facts; left out: `<key>.`."""
    override: bool = True
    """A fact takes the place of what the sender wrote there; else that stays."""
    mark: str = "logboom.enriched"
    """Attribute that says what became of the look-up: `found`, `stale` (an old answer), `unknown` (to the source), `late` (not known in time). Empty: none."""
    budget: Duration = Field(0.05, le=10)
    """Longest time that a step waits for answers; what comes later is there for the next. 0: it never waits."""
    cache: CacheConfig = CacheConfig()
    """What is remembered."""
    file: FileSource | None = None
    """Facts from a file,"""
    sqlite: SqliteSource | None = None
    """or from SQLite,"""
    http: HttpSource | None = None
    """or from a service: one of the three."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.file, self.sqlite, self.http)) != 1:
            raise ValueError("one source is needed: file, sqlite or http")
        if self.sqlite is not None and not re.search(r":key\b", self.sqlite.query):
            raise ValueError("sqlite: the query needs :key")
        return self

    @property
    def by_domain(self) -> bool:
        """Whether domains may have different facts under one key."""
        text = self.http.url if self.http else self.sqlite.query if self.sqlite else ""
        return DOMAIN in text or re.search(r":domain\b", text) is not None
