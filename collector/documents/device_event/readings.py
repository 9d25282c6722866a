"""Texts of attributes → values of the types that CEF and LEEF ask for. Null: not of that type.

A reading gets distinct values and gives one column for each key it can fill, as long as what it got.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

import orjson
import polars as pl

from collector.columns.memo import each

Reading = Callable[[pl.Series], tuple[pl.Series, ...]]

_TRANSPORTS = {"ip_tcp": "TCP", "ip_udp": "UDP", "other": None}
_OUTCOMES = ("success", "failure", "unknown")
_INT = 2**31 - 1
_IPV4 = r"^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"


def text(values: pl.Series) -> tuple[pl.Series, ...]:
    """As it is."""
    return (values,)


def integer(values: pl.Series) -> tuple[pl.Series, ...]:
    """0..2147483647, the dictionary's `integer`."""
    return (_whole(values, _INT),)


def port(values: pl.Series) -> tuple[pl.Series, ...]:
    """0..65535."""
    return (_whole(values, 65535),)


def address(values: pl.Series) -> tuple[pl.Series, ...]:
    """IPv4 (dotted), IPv6 (shortest form), and names of hosts. Brackets, zones and a port behind a name go."""
    if values.str.contains(_IPV4).all():
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
        return values, nothing, nothing
    return _columns(_addresses(values.to_list()))


def machine(values: pl.Series) -> tuple[pl.Series, ...]:
    """An IPv4 and an IPv6 address of a machine, from one address or a JSON array of them: the first that others can reach,
    a link's own only where there is no other, never the loopback."""
    return _columns(_machines(values.to_list()))


def one_address(values: pl.Series) -> tuple[pl.Series, ...]:
    """`address` for a format that has one key for both kinds: address and name."""
    v4, v6, name = address(values)
    return v4.zip_with(v4.is_not_null(), v6), name


def one_machine(values: pl.Series) -> tuple[pl.Series, ...]:
    """The same of `machine`."""
    v4, v6 = machine(values)
    return (v4.zip_with(v4.is_not_null(), v6),)


def transport(values: pl.Series) -> tuple[pl.Series, ...]:
    """`TCP`, `UDP`, …: the names of layer 4 in capitals."""
    upper = values.replace(_TRANSPORTS).str.to_uppercase()
    return (upper.set(~upper.str.contains(r"^[A-Z][A-Z0-9-]{0,30}$"), None),)


def outcome(values: pl.Series) -> tuple[pl.Series, ...]:
    """`success`, `failure` or `unknown`."""
    lower = values.str.to_lowercase()
    return (lower.set(~lower.is_in(_OUTCOMES), None),)


def outcome_of_status(values: pl.Series) -> tuple[pl.Series, ...]:
    """What an HTTP status means: from 400 on `failure`, from 100 on `success`."""
    status = values.cast(pl.Int64, strict=False)
    word = pl.when(status.is_between(100, 399)).then(pl.lit("success"))
    return (pl.select(word.when(status.is_between(400, 599)).then(pl.lit("failure")).alias("outcome")).to_series(),)


def aggregated(values: pl.Series) -> tuple[pl.Series, ...]:
    """How many events a record stands for, and CEF's `type` 1 (aggregated) for those that stand for some."""
    count = _whole(values, _INT)
    return count, pl.Series(["1"]).new_from_index(0, len(count)).set(count.is_null(), None)


def _whole(values: pl.Series, most: int) -> pl.Series:
    number = values.cast(pl.Int64, strict=False)
    return number.set(~number.is_between(0, most).fill_null(False), None).cast(pl.String)


_Parts = tuple[str | None, str | None, str | None]


def _parts(written: str | None) -> _Parts:
    inner = (written or "").strip().removeprefix("[").partition("]")[0]
    try:
        found = ipaddress.ip_address(inner.partition("%")[0])
    except ValueError:
        name = inner.partition(":")[0] if inner.count(":") == 1 else inner
        return None, None, name or None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else found
    return (str(mapped), None, None) if mapped is not None else (None, str(found), None)


def _named(written: str | None) -> _Parts:
    v4, v6, name = _parts(written)
    if name is None:
        return v4, v6, None
    again = _parts(name)  # 192.0.2.1:443
    return again if again[2] is None else (None, None, name if _is_host(name) else None)


def _is_host(name: str) -> bool:
    return len(name) <= 253 and not any(character.isspace() or character in "/\\=|,;'\"<>@" for character in name)


def _machine(written: str | None) -> tuple[str | None, str | None]:
    try:
        given = orjson.loads(written or "")
    except orjson.JSONDecodeError:
        given = written
    texts = [one for one in (given if isinstance(given, list) else [written]) if isinstance(one, str)]
    known = [parts for parts in map(_parts, texts) if parts[2] is None]
    return _best([v4 for v4, _, _ in known if v4]), _best([v6 for _, v6, _ in known if v6])


def _best(addresses: list[str]) -> str | None:
    usable = [ipaddress.ip_address(one) for one in addresses]
    ranked = sorted((one.is_link_local, place) for place, one in enumerate(usable) if not one.is_loopback)
    return addresses[ranked[0][1]] if ranked else None


def _columns(found: Sequence[tuple[str | None, ...]]) -> tuple[pl.Series, ...]:
    return tuple(pl.Series(column, dtype=pl.String) for column in zip(*found, strict=True))


_addresses = each(_named)
_machines = each(_machine)
