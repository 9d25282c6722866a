"""The options under `service:`: pipelines and telemetry as in the OpenTelemetry Collector, and what is logboom's own:
`journal`, `ledger`, `domains`, `security`, `encryption`, `privacy`, `processes`, `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from collector.cluster.options import KafkaLedgerConfig
from collector.component import Config
from collector.domains.cardinality import ATTRIBUTE_KEYS, SERVICES, CardinalityRules
from collector.domains.costs import DAY, MONTH, CostRules, OnBudget
from collector.domains.limits import LimitRules
from collector.domains.quotas import OnQuota, QuotaRules
from collector.reserved import DOMAIN
from collector.settings.encryption import EncryptionConfig
from collector.settings.privacy import PrivacyConfig
from collector.settings.telemetry import TelemetryConfig
from collector.units import ByteSize, Duration, LongDuration


class JournalConfig(Config):
    """Where accepted payloads wait on disk."""

    max_bytes: ByteSize = Field(512 << 20, ge=4 << 20)
    """Budget of one ingest slot; beyond it senders are told to wait."""
    max_domain_share: float = Field(0.25, gt=0, le=1)
    """The part of the budget that one domain may hold while others are active."""
    max_group_bytes: ByteSize = Field(8 << 20, ge=1 << 16)
    """The most that one commit writes."""


class DeadLettersConfig(Config):
    """The `dead_letters:` block: how long records stay that no exporter takes and no processor could read."""

    max_age: LongDuration = 0.0
    """Older ones are dropped (`dropped:dead_letters_expired`); 0 = they stay until their room (an eighth of `max_bytes`) is needed."""
    domains: dict[str, LongDuration] = {}
    """Domains with another age; one with records of several stays as long as the longest of them."""


SHARED_PARTITIONS = 32
"""Of a cluster, unless it says so: as many workers may share the work, and each partition costs its owner four threads and 0.6 MB."""


class LedgerConfig(Config):
    """Cursors, state and outbox."""

    partitions: int = Field(4, ge=1, le=256)
    """Fixed when the data directory is made: domains are spread over them. With `kafka` 32; there `logboom cluster reshard` changes it."""
    max_bytes: ByteSize = Field(256 << 20, ge=16 << 20)
    """Budget of one partition's outbox, dead letters and cursors."""
    state_bytes: ByteSize = Field(64 << 20, ge=1 << 20)
    """Budget of what components remember in a partition, beside that. Beyond it they forget what tells least."""
    domain_state_bytes: ByteSize = Field(8 << 20, ge=1 << 16)
    """The part of it that one domain may have."""
    dedup_window: Duration = 300.0
    """Identical payloads of a domain within this time are counted as duplicates; 0 turns it off."""
    dead_letters: DeadLettersConfig = DeadLettersConfig()
    """How long dead letters stay."""
    process_timeout: Duration = 60.0
    """A batch that takes longer counts as a death of the worker."""
    kafka: KafkaLedgerConfig | None = None
    """What is accepted, and what becomes of it, stands in Kafka, and many machines share the work; absent = on this machine's disk."""

    @model_validator(mode="before")
    @classmethod
    def _more_where_shared(cls, written: Any) -> Any:
        if isinstance(written, dict) and written.get("kafka") is not None:
            return {"partitions": SHARED_PARTITIONS, **written}
        return written

    @property
    def partition_bytes(self) -> int:
        """Outbox and state have room beside each other."""
        return self.max_bytes + self.state_bytes


class RatesConfig(Config):
    """How much may come in a second, by unit; absent = no limit."""

    records_per_second: float | None = Field(None, ge=0)
    """Log records."""
    bytes_per_second: ByteSize | None = Field(None, ge=0)
    """Bytes of bodies, uncompressed."""
    requests_per_second: float | None = Field(None, ge=0)
    """Requests, however small."""

    def rates(self) -> dict[str, float]:
        """Unit → number a second, of those that are written; 0 = no limit."""
        written = {
            "requests": self.requests_per_second,
            "bytes": self.bytes_per_second,
            "records": self.records_per_second,
        }
        return {unit: float(rate) for unit, rate in written.items() if rate is not None}


class LimitsConfig(RatesConfig):
    """The `limits:` block: how much each domain may send."""

    burst: Duration = Field(10.0, ge=0)
    """So many seconds of a rate may come at once."""
    per_key: RatesConfig = RatesConfig()
    """How much may come with each credential, beside the limits of its domain."""
    overrides: dict[str, RatesConfig] = {}
    """Domains with other limits, unit by unit; 0 = no limit."""

    def rules(self) -> LimitRules:
        """For admission."""
        overrides = {domain: own.rates() for domain, own in self.overrides.items()}
        return LimitRules(self.rates(), self.burst, self.per_key.rates(), overrides)


class DayConfig(Config):
    """How much may come in a day (UTC); absent or 0 = no quota."""

    records_per_day: int | None = Field(None, ge=0)
    """Log records."""
    bytes_per_day: ByteSize | None = Field(None, ge=0)
    """Bytes, as they are kept: uncompressed OTLP."""

    def per_day(self) -> dict[str, int]:
        """Unit → number a day, of those that are written."""
        written = {"records": self.records_per_day, "bytes": self.bytes_per_day}
        return {unit: int(most) for unit, most in written.items() if most is not None}


class QuotasConfig(DayConfig):
    """The `quotas:` block: how much each domain may send in a day."""

    on_quota: OnQuota = "refuse"
    """What becomes of what is above it: `refuse`; `keep_severe`, which takes requests that hold a warning or worse; `sample`, which
    takes one request of `sample_one_in`. Of the others the sender is told that their records were not taken, as OTLP's partial success."""
    sample_one_in: int = Field(10, ge=2, le=1_000_000)
    """With `sample`: of so many requests one is taken, the same when it is sent again."""
    overrides: dict[str, DayConfig] = {}
    """Domains with other quotas, unit by unit; 0 = no quota."""

    def rules(self) -> QuotaRules:
        """For admission."""
        overrides = {domain: own.per_day() for domain, own in self.overrides.items()}
        return QuotaRules(self.per_day(), self.on_quota, self.sample_one_in, overrides)


class BoundsConfig(Config):
    """How many different names; absent = as everywhere, 0 = no bound."""

    services: int | None = Field(None, ge=0)
    """Service names (`service.name`)."""
    attribute_keys: int | None = Field(None, ge=0)
    """Keys of attributes of records, resources and scopes together."""

    def bounds(self) -> dict[str, int]:
        """Kind → number, of those that are written."""
        written = {SERVICES: self.services, ATTRIBUTE_KEYS: self.attribute_keys}
        return {kind: most for kind, most in written.items() if most is not None}


class CardinalityConfig(BoundsConfig):
    """The `cardinality:` block: how many different things each domain may name. One that was not seen for a week makes room."""

    services: int = Field(500, ge=0)
    """Service names; one above them becomes `{other}`, and what it said the resource attribute `logboom.service_name`. 0 = no bound."""
    attribute_keys: int = Field(2000, ge=0)
    """Keys of attributes of records, resources and scopes together; what is above them becomes one attribute, `logboom.attributes`, a JSON
    object. 0 = no bound."""
    overrides: dict[str, BoundsConfig] = {}
    """Domains with other bounds, kind by kind; 0 = no bound."""

    def rules(self) -> CardinalityRules:
        """For pipelines."""
        return CardinalityRules(self.bounds(), {domain: own.bounds() for domain, own in self.overrides.items()})


Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PricesConfig(Config):
    """What a million costs; absent = as the exporter has it."""

    records: Price | None = None
    """Records that were delivered."""
    rows_written: Price | None = None
    """Rows that the destination says it wrote (`d1`)."""
    rows_read: Price | None = None
    """Rows that it says it read (`d1`)."""

    def written(self) -> dict[str, float]:
        """Unit → price, of those that are written."""
        return {unit: price for unit, price in self.model_dump().items() if price is not None}


class BudgetConfig(Config):
    """How much may be spent, in the currency of the prices; absent or 0 = no budget."""

    per_day: Price | None = None
    """In a day (UTC)."""
    per_month: Price | None = None
    """In a month (UTC)."""

    def budgets(self) -> dict[str, float]:
        """Period → budget, of those that are written."""
        written = {DAY: self.per_day, MONTH: self.per_month}
        return {period: most for period, most in written.items() if most is not None}


class CostsConfig(BudgetConfig):
    """The `costs:` block: what exporters' destinations bill, and how much of it each domain may spend."""

    prices: dict[str, PricesConfig] = {}
    """By exporter, of a million. `d1` has Cloudflare's: 1.00 for rows written, 0.001 for rows read."""
    on_budget: OnBudget = "warn"
    """What becomes of what is sent when the budget is spent: `warn` takes all and tells it; `refuse`, `keep_severe` and `sample` are as in
    `quotas`. It is known some seconds later what was spent."""
    sample_one_in: int = Field(10, ge=2, le=1_000_000)
    """With `sample`: of so many requests one is taken, the same when it is sent again."""
    overrides: dict[str, BudgetConfig] = {}
    """Domains with other budgets, period by period; 0 = no budget."""

    def rules(self, prices: Mapping[str, Mapping[str, float]]) -> CostRules:
        """With the prices that exporters have themselves."""
        own = {exporter: config.written() for exporter, config in self.prices.items()}
        together = {exporter: {**prices.get(exporter, {}), **own.get(exporter, {})} for exporter in {**prices, **own}}
        overrides = {domain: budget.budgets() for domain, budget in self.overrides.items()}
        return CostRules(together, self.budgets(), self.on_budget, self.sample_one_in, overrides)


class DomainsConfig(Config):
    """How a request's domain is found when no credential names it."""

    names: list[str] = []
    """The known domains, such as `tamyla.com`; a host `logger.tamyla.com` belongs to the longest that fits."""
    default: str | None = "default"
    """The domain of requests whose host is unknown; null refuses them."""
    header: str | None = None
    """A request header (gRPC metadata key) that names the domain; believed only from `trusted_peers`."""
    trusted_peers: list[str] = ["127.0.0.0/8", "::1/128"]
    """Networks whose `header` and `X-Forwarded-Host` are believed."""
    limits: LimitsConfig = LimitsConfig()
    """How much each domain, and each credential, may send in a second; senders above it are told to wait."""
    quotas: QuotasConfig = QuotasConfig()
    """How much each domain may send in a day (UTC)."""
    costs: CostsConfig = CostsConfig()
    """What destinations bill for each domain, and how much of it may be spent."""
    cardinality: CardinalityConfig = CardinalityConfig()
    """How many different services and attribute keys each domain may name."""

    operator: str | None = None
    """The domain of what the service knows and its operator does. Without a choice it is `logboom`, which no request can belong to;
    where one domain is served and nobody is asked who sends, it is that one."""

    @field_validator("names", "default")
    @classmethod
    def _not_reserved(cls, value: list[str] | str | None) -> list[str] | str | None:
        for name in [value] if isinstance(value, str) else value or []:
            if name.strip().lower() == DOMAIN:
                raise ValueError(f"{DOMAIN} is the service's own domain: choose another name")
        return value

    @field_validator("operator")
    @classmethod
    def _one_name(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or not 0 < len(value) <= 253):
            raise ValueError("a domain has 1 to 253 printable characters")
        return value

    def served(self) -> list[str]:
        """Every domain that a request may belong to."""
        return list(dict.fromkeys(name for name in [*self.names, self.default] if name))


class SecurityConfig(Config):
    """How much is refused that could be meant."""

    strict: bool = False
    """Refuse listeners that other machines reach without authentication; else one that serves one domain only starts, with a
    warning."""


class ProcessesConfig(Config):
    """How many children `logboom run` starts."""

    ingest: int = Field(1, ge=1, le=64)
    """Processes that listen and write journals."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that decode, process and deliver; they share the partitions out."""
    shutdown_timeout: Duration = 30.0
    """How long SIGTERM lets requests and deliveries finish; what is left stays on disk."""


class AuditConfig(Config):
    """The `audit:` block: a chain for each domain of who did and read what, in which nothing can be changed unseen."""

    enabled: bool = True
    """Without it nothing is chained; events of what people do are told all the same."""
    reads: bool = True
    """Also who read records: summed for each reader, domain, kind of question and minute."""
    retention: LongDuration = Field(6 * 365.25 * 86_400.0, ge=86_400)
    """How long stores keep an entry, whatever they keep else."""
    checkpoint: Duration = Field(3600.0, ge=60)
    """The longest that an entry waits for a signed checkpoint, which goes to every exporter that takes events; one is made at each stop, too."""


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


Ids = Annotated[list[str], BeforeValidator(_none_is_empty)]
"""Component ids; `processors:` without a value is an empty list."""


class PipelineConfig(Config):
    """Component ids in the order in which records pass them."""

    receivers: Ids = []
    """Where records come from: receivers, or connectors of other pipelines."""
    processors: Ids = []
    """What is done to them, in this order."""
    exporters: Ids = []
    """Where they go: exporters, or connectors to other pipelines."""


class ServiceConfig(Config):
    """The `service:` section."""

    extensions: Ids = []
    """Extensions to start, such as `health_check`."""
    pipelines: dict[str, PipelineConfig] = {}
    """Pipelines by id: `logs` or `logs/name`."""
    telemetry: TelemetryConfig = TelemetryConfig()
    """Own logs, metrics and resource."""
    journal: JournalConfig = JournalConfig()
    """Where accepted payloads wait on disk."""
    ledger: LedgerConfig = LedgerConfig()
    """Cursors, state and outbox."""
    domains: DomainsConfig = DomainsConfig()
    """How a request's domain is found."""
    security: SecurityConfig = SecurityConfig()
    """How much is refused that could be meant."""
    encryption: EncryptionConfig | None = None
    """What waits on disk is encrypted, with keys of its domain; absent = it is not."""
    privacy: PrivacyConfig = PrivacyConfig()
    """Personal data, and what must stay."""
    processes: ProcessesConfig = ProcessesConfig()
    """How many child processes there are."""
    audit: AuditConfig = AuditConfig()
    """Who did and read what, in a chain."""
