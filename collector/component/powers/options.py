"""What options (a `Config`) of any kind may say before anything is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from collector.component.declaration import Config, Use

if TYPE_CHECKING:
    from collector.client_info import Wanted
    from collector.transport.probe import Probe
    from collector.transport.tls import TlsClientConfig


@runtime_checkable
class Priced(Protocol):
    """Options of an exporter whose destination has prices that everybody pays."""

    def prices(self) -> Mapping[str, float]:
        """Unit → price of a million; `service.domains.costs.prices` decides otherwise."""
        ...


@runtime_checkable
class KeepsState(Protocol):
    """Options of a processor that may keep state (`work.state`, `work.wake`): then it stands in one pipeline, for two would change
    the same. One that keeps things apart by pipeline, as the counts of `triage` are, says no. A connector is one wherever it stands."""

    def keeps_state(self) -> bool:
        """Whether it does, with these options."""
        ...


@runtime_checkable
class KnowsConnections(Protocol):
    """Options of a processor that may ask from which address a request came: then it is written on each of its resources before it is
    journalled, as `CONNECTION`."""

    def knows_connections(self) -> bool:
        """Whether it does, with these options."""
        ...


@runtime_checkable
class CarriesSignals(Protocol):
    """Options of a receiver or exporter that may stand in pipelines of other signals: their requests pass as they are, and nobody looks
    into them (`otlp_wire.signals`). An exporter's factory names who sends them (`Factory.carrier`)."""

    def carries(self, signal: str) -> str:
        """Why it does not carry `traces`, `metrics` or `profiles` with these options; empty: it does."""
        ...


@runtime_checkable
class AsksOfClients(Protocol):
    """Options of a processor, connector, exporter or extension that ask for what came with requests: headers, who sent, from where. It is
    carried along with the records from the receivers that lead there."""

    def asks_of_clients(self) -> Wanted:
        """What is asked for, with these options."""
        ...


@runtime_checkable
class NamesAuthenticators(Protocol):
    """Options of an exporter or extension that name the extensions which say who it is: what those ask of clients, it asks, too."""

    def named_authenticators(self) -> Sequence[str]:
        """Their ids."""
        ...


@runtime_checkable
class KeepsClientsApart(Protocol):
    """Options of a processor that keeps records apart by what came with them: those with different values never share a request, and so
    many combinations of them are taken."""

    def kept_apart(self) -> tuple[Wanted, int]:
        """By what, and the most combinations (0: any number)."""
        ...


@runtime_checkable
class JudgesService(Protocol):
    """Options of a processor that can also judge what the service knows about itself: an instance of it, with options of its own, stands in
    the pipeline that every configuration has for that (`logs/service`). Of those that are configured the first does."""

    def for_service(self) -> Config:
        """The options of that instance; it keeps no state."""
        ...


@runtime_checkable
class Chooses(Protocol):
    """Options of a connector that hands all of a step to one of several levels: a full exporter of one stops nobody, as long as
    another has room."""

    def levels(self) -> Sequence[Sequence[str]]:
        """The pipelines of each."""
        ...


@runtime_checkable
class LeadsTo(Protocol):
    """Options of a connector that name pipelines: each must have it among its receivers."""

    def leads_to(self) -> Sequence[str]:
        """Their ids, as written."""
        ...


@runtime_checkable
class NamesExporters(Protocol):
    """Options of a connector that name exporters which it addresses: each must stand in a pipeline that it feeds."""

    def names_exporters(self) -> Mapping[str, str]:
        """Option (`receivers.page.0`) → the exporter's id, as written."""
        ...


@runtime_checkable
class ExplainsItself(Protocol):
    """Options of a connector whose meaning is more than what is written: `logboom validate` shows it."""

    def explained(self) -> tuple[str, Mapping[str, str]]:
        """A heading, and lines below it by name."""
        ...


@runtime_checkable
class Provides(Protocol):
    """Options of an extension that other components may name: looked at before anything runs."""

    def provides(self) -> frozenset[Use]:
        """What it may be named for, with these options."""
        ...


@runtime_checkable
class GivesDomains(Protocol):
    """Options of an authenticator whose credentials belong to domains: with it, several domains may be served, and a listener
    that asks nobody refuses to be reached by others."""

    def gives_domains(self) -> bool:
        """Whether they do, with these options."""
        ...


@runtime_checkable
class LetsPeopleIn(Protocol):
    """Options of a server authenticator by which people may log in: what they are asked for on a page."""

    def asks_people_for(self) -> Literal["", "key", "password", "provider"]:
        """Empty: with these options for nothing."""
        ...


@runtime_checkable
class ShowsRecords(Protocol):
    """Options of an extension whose listeners show records: refused where other machines reach one and it asks nobody who they are."""

    def shown_to_anybody(self) -> Mapping[str, str]:
        """Option (`endpoint`) → the address, of those that other machines reach and nobody guards."""
        ...


@runtime_checkable
class AsksForDomains(Protocol):
    """Options that must name the domains that they are for, where several may be served."""

    def for_every_domain(self) -> Mapping[str, str]:
        """Option (`responses.restart.domains`) that names none → why it must."""
        ...


@runtime_checkable
class Cautions(Protocol):
    """Options that may be as they are, and seldom mean it: told by `logboom validate` and in the log at start."""

    def cautions(self) -> Mapping[str, str]:
        """Option (`keys.0`) → what an operator should know, and what cures it; never a secret."""
        ...


@runtime_checkable
class DeletesByItself(Protocol):
    """Options of an exporter whose destination deletes by itself what it was sent: a legal hold can't keep it there, and `logboom validate`
    says so."""

    def deletes_by_itself(self) -> str:
        """What goes, and when, as the end of a sentence that begins with the exporter; empty: nothing does, with these options."""
        ...


@runtime_checkable
class StaysHere(Protocol):
    """Options of an exporter that writes to this machine's disk: where many machines share the work, each has a part of it, and
    `logboom validate` says so."""

    def stays_here(self) -> str:
        """What that means for who looks for a record, as a sentence without its end."""
        ...


@runtime_checkable
class GoesBefore(Protocol):
    """Options of a processor that others of its pipeline should stand behind: warned of where they do not."""

    def goes_before(self) -> Mapping[str, str]:
        """Type of a processor (`patterns`) → what comes of it when that stands in front, as a clause."""
        ...


@runtime_checkable
class Probed(Protocol):
    """Options of a receiver whose listeners are asked again and again whether they serve newcomers."""

    def probes(self) -> Mapping[str, Probe]:
        """Protocol, as in `Receiver.endpoints`, → how to ask its listener."""
        ...


@runtime_checkable
class SpeaksTls(Protocol):
    """Options of an exporter that may connect over TLS: `logboom validate --reach` shakes hands with them."""

    @property
    def tls(self) -> TlsClientConfig | None:
        """Whom to trust, and what to show; None: nobody says."""
        ...


class StepLimits(NamedTuple):
    """What one processing step of a pipeline takes: at most `max_records` (0 = no limit), gathering for at most
    `gather_secs` while fewer than `target_records` wait."""

    target_records: int
    max_records: int
    gather_secs: float


@runtime_checkable
class StepLimiting(Protocol):
    """Options of a processor that say how much a step of its pipeline takes at once; the first one of a pipeline counts."""

    def step_limits(self) -> StepLimits:
        """What the worker gathers before it processes this pipeline."""
        ...


class MemoryLimits(NamedTuple):
    """Anonymous bytes of all processes: above `soft_bytes` new requests are refused with `refusal`, `hard_bytes` is what
    must not be reached; both are looked at every `check_interval_secs`."""

    soft_bytes: int
    hard_bytes: int
    check_interval_secs: float
    refusal: str


@runtime_checkable
class MemoryLimiting(Protocol):
    """Options of a processor that say when memory is short; the strictest of all pipelines counts."""

    def memory_limits(self, total_bytes: int) -> MemoryLimits:
        """The limits on a machine (or in a control group) with `total_bytes` of memory."""
        ...


@runtime_checkable
class HoldsLogs(Protocol):
    """Options of an exporter to a file of logs (the schema of `collector.store`) that others may read while it writes."""

    def store_file(self, root: Path) -> Path:
        """Where it is. `root`: the data directory."""
        ...


@runtime_checkable
class HoldsArchive(Protocol):
    """Options of an exporter to an archive (`collector.archive`) that others may read while it writes."""

    def archived_at(self) -> tuple[str, Mapping[str, str]]:
        """Its URL or folder, and options of the storage, secrets among them."""
        ...


@runtime_checkable
class ReadsArchive(Protocol):
    """Options of an extension that searches in an exporter's archive (`HoldsArchive`)."""

    def reads_archive(self) -> str:
        """Its id; empty: the first that has one, if any."""
        ...


@runtime_checkable
class ReadsStore(Protocol):
    """Options of an extension that reads what an exporter keeps (`HoldsLogs`)."""

    def reads_store(self) -> str:
        """The exporter's id, as written; empty: the first there is."""
        ...
