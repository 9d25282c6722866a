"""`--store d1`: which database that is, and a way to it that does not need an event loop.

The configuration's first `d1` exporter when `--config` names one, else the environment: CLOUDFLARE_ACCOUNT_ID,
CLOUDFLARE_API_TOKEN, CLOUDFLARE_D1_DATABASE_ID and perhaps CLOUDFLARE_BASE_URL. `d1:ID` names the database itself.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import ValidationError

from collector.cli.endings import misused, refuse, wrong_configuration
from collector.errors import ConfigError

if TYPE_CHECKING:
    from collector.store.d1 import D1Database
    from collector.transport.cloudflare import CloudflareClient
    from collector.transport.cloudflare_config import CloudflareConfig

T = TypeVar("T")


def is_d1(store: Path | None) -> bool:
    """Whether `--store` means D1."""
    return store is not None and (str(store) == "d1" or str(store).startswith("d1:"))


class D1Store:
    """A database, and `wait` to call its coroutines."""

    def __init__(self, database: D1Database, runner: asyncio.Runner) -> None:
        self.database = database
        self._runner = runner

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout_secs: float = 0.0) -> T:
        """Its result. Ends the command with a sentence when the database can't be asked."""
        return self.asked(self._runner, coroutine, timeout_secs)

    @staticmethod
    def asked(runner: asyncio.Runner, coroutine: Coroutine[Any, Any, T], timeout_secs: float = 0.0) -> T:
        """As `wait`, before there is a database."""
        from collector.transport.cloudflare import CloudflareError
        from collector.transport.http_client import describe

        async def bounded() -> T:
            async with asyncio.timeout(timeout_secs or None):
                return await coroutine

        try:
            return runner.run(bounded())
        except CloudflareError as error:
            hint = "; logboom makes it with its first records" if "no such table: logs" in str(error) else ""
            refuse(f"D1 says: {error}{hint}")
        except (OSError, TimeoutError) as error:  # aiohttp's connection errors are OSErrors
            refuse(f"D1 can't be reached: {describe(error)}")


@contextmanager
def d1_store(store: Path, configs: Sequence[str], domain: str | None, data_dir: Path) -> Iterator[D1Store]:
    """The database that `store` and the configuration mean; closed at the end."""
    from collector.store.d1 import D1Database
    from collector.transport.cloudflare import CloudflareClient

    config, place = _configured(configs, domain) if configs else _from_environment()
    place = str(store).partition(":")[2] or place
    if not place:
        misused("which D1 database? Write --store d1:ID, name --domain, or set CLOUDFLARE_D1_DATABASE_ID")
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as temporary:
        client = CloudflareClient(config, data_dir if data_dir.is_dir() else Path(temporary))
        runner.run(client.start())
        try:
            yield D1Store(D1Database(client, _database_id(client, runner, place)), runner)
        finally:
            runner.run(client.close())


def _configured(configs: Sequence[str], domain: str | None) -> tuple[CloudflareConfig, str]:
    from collector.settings import load
    from collector.store.d1_config import D1StoreConfig

    try:
        settings = load(configs)
    except ConfigError as error:
        wrong_configuration(error)
    written: list[object] = [component.config for component in settings.exporters.values()]
    found = [config for config in written if isinstance(config, D1StoreConfig)]
    if not found:
        misused("the configuration has no exporter d1")
    config = found[0]
    if "{domain}" in config.database_name and not domain:
        misused(f"each domain has a database of its own ({config.database_name}): name one with --domain")
    return config, config.place(domain or "")


def _database_id(client: CloudflareClient, runner: asyncio.Runner, place: str) -> str:
    """The id that a place (an id, or `name:` and a name) means."""
    from collector.store.d1 import find_database
    from collector.store.d1_config import BY_NAME

    name = place.removeprefix(BY_NAME)
    if name == place:
        return place
    found = D1Store.asked(runner, find_database(client, name))
    if found is None:
        refuse(f"there is no D1 database {name!r} in the account")
    return found


def _from_environment() -> tuple[CloudflareConfig, str]:
    from collector.transport.cloudflare_config import API, CloudflareConfig

    try:
        config = CloudflareConfig.model_validate(
            {
                "account_id": os.environ.get("CLOUDFLARE_ACCOUNT_ID", ""),
                "api_token": os.environ.get("CLOUDFLARE_API_TOKEN", ""),
                "base_url": os.environ.get("CLOUDFLARE_BASE_URL", API),
            }
        )
    except ValidationError as error:
        _incomplete(error)
    return config, os.environ.get("CLOUDFLARE_D1_DATABASE_ID", "")


def _incomplete(error: ValidationError) -> NoReturn:
    needed = ("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_D1_DATABASE_ID")
    unset = [name for name in needed if not os.environ.get(name)]
    problems = "; ".join(str(problem["msg"]) for problem in error.errors(include_input=False))
    misused(
        f"D1 can't be asked: {'not set: ' + ', '.join(unset) if unset else problems}\n"
        f"Name the configuration with --config, or set {', '.join(needed)}."
    )
