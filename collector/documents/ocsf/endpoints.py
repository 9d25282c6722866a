"""The two ends of a conversation: `src_endpoint` and `dst_endpoint`.

The service that logs stands at one of them: `collector.documents.facts.sides` says at which. Its peer stands at the other one,
where that is not named outright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from collector.documents.facts import sides
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.members import Json, json_object, text
from collector.documents.ocsf.validity import is_hostname, is_ip

_CLIENT = ("client.address", "source.address", "http.client_ip")
_CLIENT_PORT = ("client.port", "source.port")
_SERVER = ("server.address", "destination.address", "net.host.name")
_SERVER_PORT = ("server.port", "destination.port", "net.host.port")
_URL = ("url.full", "http.url")
_HOST_OF_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([A-Za-z0-9.-]+)"
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Ends:
    """What is known about both ends of each record, before a class is chosen.

    Args:
        service: name of the service that logs, null when it has none.
        is_server, is_client: where it stands; neither for a record that says nothing of it.
        has_client, has_server: the address of the client, of the server is known.
    """

    service: pl.Series
    is_server: Mask
    is_client: Mask
    has_client: Mask
    has_server: Mask

    @property
    def has_service(self) -> Mask:
        """The service has a name."""
        return self.service.is_not_null().to_numpy()

    @property
    def has_source(self) -> Mask:
        """A `src_endpoint` can be filled."""
        return self.has_client | (self.is_client & self.has_service)

    @property
    def has_destination(self) -> Mask:
        """A `dst_endpoint` can be filled."""
        return self.has_server | (self.is_server & self.has_service)


def ends(part: Part, service: pl.Series) -> Ends:
    """`service`: its name for each record; `part` holds all of them."""
    calling = sides.calling(lambda names: part.present(*names), part.text(sides.KIND, take=False))
    peer, own = part.present(*sides.PEER_ADDRESS), part.present(*sides.LOCAL_ADDRESS)
    has_client = part.present(*_CLIENT) | np.where(calling, own, peer)
    has_server = part.present(*_SERVER) | np.where(calling, peer, own)
    if (hosts := _hosts(part)) is not None:
        has_server |= hosts.is_not_null().to_numpy() & calling
    known = has_client | part.present("http.route") | (part.present("url.path", "http.target") & ~part.present(*_URL))
    return Ends(service, known & ~calling, calling, has_client, has_server)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The JSON object, and what in it can be observed."""

    object: Json | None
    ip: pl.Series | None = None
    hostname: pl.Series | None = None


def source(part: Part, known: Ends) -> Endpoint:
    """`src_endpoint` of the part's records."""
    calling = known.is_client[part.rows]
    other = [(sides.PEER_ADDRESS, sides.PEER_PORT, ~calling), (sides.LOCAL_ADDRESS, sides.LOCAL_PORT, calling)]
    return _endpoint(part, (_CLIENT, _CLIENT_PORT), other, _where(known.service, part, known.is_client), None)


def destination(part: Part, known: Ends) -> Endpoint:
    """`dst_endpoint` of the part's records."""
    own, calling = _where(known.service, part, known.is_server), known.is_client[part.rows]
    other = [(sides.PEER_ADDRESS, sides.PEER_PORT, calling), (sides.LOCAL_ADDRESS, sides.LOCAL_PORT, ~calling)]
    hosts = _hosts(part)
    from_url = None if hosts is None else hosts.set(_not(part, known.is_client), None)
    return _endpoint(part, (_SERVER, _SERVER_PORT), other, own, from_url)


def _where(service: pl.Series, part: Part, here: Mask) -> pl.Series:
    return service.gather(part.rows).set(_not(part, here), None)


def _not(part: Part, mask: Mask) -> pl.Series:
    return pl.Series(~mask[part.rows])


_Names = tuple[str, ...]


def _endpoint(
    part: Part,
    named: tuple[_Names, _Names],
    other: Sequence[tuple[_Names, _Names, Mask]],
    own: pl.Series,
    from_url: pl.Series | None,
) -> Endpoint:
    """Addresses and ports that are `named` outright, then by their side's names (`other`), then the URL's host."""
    addresses, ports = named
    address = part.text(*addresses)
    ip, hostname, name = _sorted(address)
    port = _port(part, ports, _there(part, address, own))
    for names, its_ports, here in other:
        if not part.present(*names).any():
            continue
        alone = here & ~_there(part, ip, hostname, name)
        more = part.text(*names, where=alone), part.text(*names, valid=is_ip, where=here & ~alone & ~_there(part, ip))
        for found in more:
            ip, hostname, name = (_either(*pair) for pair in zip((ip, hostname, name), _sorted(found), strict=True))
            port = _either(port, _port(part, its_ports, _there(part, found) & ~_there(part, port)))
    if from_url is not None:
        unnamed = from_url.set(pl.Series(_there(part, ip, hostname, name)), None)
        spare_ip, spare_name, _ = _sorted(unnamed)
        ip, hostname = _either(ip, spare_ip), _either(hostname, spare_name)
    texts = {"ip": ip, "hostname": hostname, "name": name, "svc_name": own}
    members: dict[str, Json | None] = {key: text(column) for key, column in texts.items()}
    members["port"] = None if port is None else port.cast(pl.String)
    return Endpoint(json_object(members, needs=list(texts)), ip, hostname)


def _port(part: Part, names: _Names, where: Mask) -> pl.Series | None:
    return part.number(*names, low=0, high=_MAX_PORT, where=where)


def _there(part: Part, *columns: pl.Series | None) -> Mask:
    there = np.zeros(len(part.rows), dtype=np.bool_)
    for column in columns:
        if column is not None:
            there |= column.is_not_null().to_numpy()
    return there


def _sorted(address: pl.Series | None) -> tuple[pl.Series | None, pl.Series | None, pl.Series | None]:
    """(ip, hostname, name): an address is one of them."""
    if address is None:
        return None, None, None
    ip, hostname = is_ip(address), is_hostname(address)
    return address.set(~ip, None), address.set(~hostname, None), address.set(ip | hostname, None)


def _either(one: pl.Series | None, other: pl.Series | None) -> pl.Series | None:
    return other if one is None else one if other is None else one.zip_with(one.is_not_null(), other)


def _hosts(part: Part) -> pl.Series | None:
    """The host in a whole URL."""
    url = part.text(*_URL, take=False)
    if url is None:
        return None
    host = url.str.extract(_HOST_OF_URL)
    return host.set(~(is_ip(host) | is_hostname(host)), None)
