"""The two ends of a conversation: `src_endpoint` and `dst_endpoint`.

The service that logs stands at one of them: it is the server when a client's address, a route, or a bare path was
sent along, and the client when it names a whole URL.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from collector.documents import quoted
from collector.documents.ocsf.fields import Part, is_hostname, is_ip
from collector.documents.ocsf.members import Json, json_object

_CLIENT = ("client.address", "source.address", "http.client_ip", "net.peer.ip", "net.sock.peer.addr")
_CLIENT_PORT = ("client.port", "source.port", "net.peer.port", "net.sock.peer.port")
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
        has_client: the address of the client is known.
    """

    service: pl.Series
    is_server: pl.Series
    is_client: pl.Series
    has_client: pl.Series
    has_server: pl.Series

    @property
    def has_source(self) -> pl.Series:
        """A `src_endpoint` can be filled."""
        return self.has_client | (self.is_client & self.service.is_not_null())

    @property
    def has_destination(self) -> pl.Series:
        """A `dst_endpoint` can be filled."""
        return self.has_server | (self.is_server & self.service.is_not_null())


def ends(part: Part, service: pl.Series) -> Ends:
    """`service`: its name for each record."""
    has_client = part.present(*_CLIENT)
    whole_url = part.present(*_URL)
    served = has_client | part.present("http.route") | (part.present("url.path", "http.target") & ~whole_url)
    has_server = part.present(*_SERVER) | (_hosts(part).is_not_null() & ~served)
    return Ends(service, served, whole_url & ~served, has_client, has_server)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The JSON object, and what in it can be observed."""

    object: Json | None
    ip: pl.Series | None = None
    hostname: pl.Series | None = None


def source(part: Part, known: Ends) -> Endpoint:
    """`src_endpoint` of the part's records."""
    own = _own_name(part, known.service, known.is_client)
    return _endpoint(part, _CLIENT, _CLIENT_PORT, own, None)


def destination(part: Part, known: Ends) -> Endpoint:
    """`dst_endpoint` of the part's records."""
    own = _own_name(part, known.service, known.is_server)
    hosts = _hosts(part)
    called = known.is_client.gather(part.rows)
    return _endpoint(part, _SERVER, _SERVER_PORT, own, hosts.set(~called, None))


def _own_name(part: Part, service: pl.Series, here: pl.Series) -> pl.Series:
    return service.gather(part.rows).set(~here.gather(part.rows), None)


def _endpoint(
    part: Part, addresses: tuple[str, ...], ports: tuple[str, ...], own: pl.Series, from_url: pl.Series | None
) -> Endpoint:
    address = part.text(*addresses)
    ip, hostname, name = _sorted(address)
    if from_url is not None and from_url.null_count() < len(from_url):
        free = from_url if address is None else from_url.set(address.is_not_null(), None)
        spare_ip, spare_name, _ = _sorted(free)
        ip, hostname = _either(ip, spare_ip), _either(hostname, spare_name)
    there = own.is_not_null() if address is None else address.is_not_null() | own.is_not_null()
    port = part.number(*ports, low=0, high=_MAX_PORT, where=there)
    texts = {"ip": ip, "hostname": hostname, "name": name, "svc_name": own}
    members: dict[str, Json | None] = {key: None if text is None else quoted(text) for key, text in texts.items()}
    members["port"] = None if port is None else port.cast(pl.String)
    return Endpoint(json_object(members, needs=list(texts)), ip, hostname)


def _sorted(address: pl.Series | None) -> tuple[pl.Series | None, pl.Series | None, pl.Series | None]:
    """(ip, hostname, name): an address is one of them."""
    if address is None:
        return None, None, None
    ip, hostname = is_ip(address), is_hostname(address)
    return address.set(~ip, None), address.set(~hostname, None), address.set(ip | hostname, None)


def _either(one: pl.Series | None, other: pl.Series | None) -> pl.Series | None:
    return other if one is None else one if other is None else one.zip_with(one.is_not_null(), other)


def _hosts(part: Part) -> pl.Series:
    """The host in a whole URL."""
    url = part.text(*_URL, take=False)
    if url is None:
        return pl.repeat(None, len(part.rows), dtype=pl.String, eager=True)
    host = url.str.extract(_HOST_OF_URL)
    return host.set(~(is_ip(host) | is_hostname(host)), None)
