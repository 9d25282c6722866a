"""Built-in components as values of the protocols that they keep. mypy reads it; a test compares it with the registry.

A class that loses a method, or changes how it is called, is an error of types here and not a surprise in a worker.
"""

from __future__ import annotations

from collector.component import (
    Acknowledging,
    Addressed,
    AmendsHeaders,
    AsksForDomains,
    AsksOfClients,
    Bills,
    CarriesSignals,
    Cautions,
    Chooses,
    ClientAuthenticator,
    Connector,
    Counting,
    DeletesByItself,
    ErasesSubjects,
    Explains,
    ExplainsItself,
    Exporter,
    Extension,
    ForgetsSubjects,
    Gathers,
    GivesDomains,
    GoesBefore,
    GoesStale,
    HandsOver,
    HoldsArchive,
    HoldsLogs,
    JournalsText,
    JudgesService,
    KeepsClientsApart,
    KeepsReceipts,
    KeepsState,
    KeepsTables,
    KnowsConnections,
    KnowsSecrets,
    LacksSources,
    LeadsTo,
    LetsPeopleIn,
    Listens,
    MakesDomainsKnown,
    MemoryLimiting,
    MovesBacklog,
    NamesAuthenticators,
    NamesExporters,
    OneRequestPer,
    OpenToOthers,
    Ordered,
    PassesWhole,
    PayloadExporter,
    Priced,
    Probed,
    Processor,
    Provides,
    ReadsArchive,
    ReadsStore,
    Recalls,
    Receiver,
    Republishes,
    SendsPeople,
    ServerAuthenticator,
    ShowsRecords,
    SignsRequests,
    SpeaksTls,
    StaysHere,
    StepLimiting,
    Supersedes,
    TakesCommands,
    TakesEvents,
    TakesLinks,
    TellsOfCredentials,
    TellsOrigin,
    Ticking,
    TrustsEvents,
    Vouches,
    WantsOfListeners,
)
from collector.connectors.alerting.config import AlertingConfig
from collector.connectors.alerting.connector import Alerting
from collector.connectors.count.connector import Count
from collector.connectors.failover.config import FailoverConfig
from collector.connectors.failover.connector import Failover
from collector.connectors.forward.connector import Forward
from collector.connectors.routing.config import RoutingConfig
from collector.connectors.routing.connector import Routing
from collector.delivery.config import DeliveryConfig
from collector.extensions.ack.config import AckConfig
from collector.extensions.api_keys.authenticator import ApiKeys
from collector.extensions.api_keys.config import ApiKeysConfig
from collector.extensions.basicauth.authenticator import BasicAuth
from collector.extensions.basicauth.config import BasicAuthConfig
from collector.extensions.bearertokenauth.authenticator import BearerTokenAuth
from collector.extensions.bearertokenauth.config import BearerTokenAuthConfig
from collector.extensions.client_certificate.authenticator import ClientCertificates
from collector.extensions.client_certificate.config import ClientCertificateConfig
from collector.extensions.console.config import ConsoleConfig
from collector.extensions.file_storage.config import FileStorageConfig
from collector.extensions.headers_setter.authenticator import HeadersSetter
from collector.extensions.headers_setter.config import HeadersSetterConfig
from collector.extensions.health_check.config import HealthCheckConfig
from collector.extensions.oauth2client.authenticator import OAuth2Client
from collector.extensions.oauth2client.config import OAuth2ClientConfig
from collector.extensions.oidc.authenticator import Oidc
from collector.extensions.oidc.config import OidcConfig
from collector.extensions.opamp.config import OpampConfig
from collector.extensions.sigv4auth.authenticator import SigV4Auth
from collector.extensions.sigv4auth.config import SigV4AuthConfig
from collector.extensions.zpages.config import ZPagesConfig
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.receiver import AlertmanagerReceiver
from collector.receivers.file_log.config import FileLogConfig
from collector.receivers.file_log.receiver import FileLogReceiver
from collector.receivers.fluent_forward.config import FluentForwardConfig
from collector.receivers.fluent_forward.receiver import FluentForwardReceiver
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.receiver import HooksReceiver
from collector.receivers.journald.config import JournaldConfig
from collector.receivers.journald.receiver import JournaldReceiver
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.receiver import JsonReceiver
from collector.receivers.k8s_events.config import K8sEventsConfig
from collector.receivers.k8s_events.receiver import K8sEventsReceiver
from collector.receivers.k8s_objects.config import K8sObjectsConfig
from collector.receivers.k8s_objects.receiver import K8sObjectsReceiver
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.receiver import KafkaReceiver
from collector.receivers.loki.config import LokiReceiverConfig
from collector.receivers.loki.receiver import LokiReceiver
from collector.receivers.nop.receiver import NopReceiver
from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.receivers.otlp.receiver import OtlpReceiver
from collector.receivers.otlp_json_file.receiver import OtlpJsonFileReceiver
from collector.receivers.splunk_hec.config import SplunkHecReceiverConfig
from collector.receivers.splunk_hec.receiver import SplunkHecReceiver
from collector.receivers.syslog.config import SyslogReceiverConfig
from collector.receivers.syslog.receiver import SyslogReceiver
from collector.receivers.tcp_log.config import TcpLogConfig
from collector.receivers.tcp_log.receiver import TcpLogReceiver
from collector.receivers.udp_log.config import UdpLogConfig
from collector.receivers.udp_log.receiver import UdpLogReceiver
from collector.receivers.webhook_event.config import WebhookEventConfig
from collector.receivers.webhook_event.receiver import WebhookEventReceiver
from exporters.alertmanager.config import AlertmanagerConfig
from exporters.alertmanager.exporter import AlertmanagerExporter
from exporters.apprise.config import AppriseConfig
from exporters.apprise.exporter import AppriseExporter
from exporters.archive.config import ArchiveConfig
from exporters.archive.exporter import ArchiveExporter
from exporters.awscloudwatchlogs.config import AwsCloudWatchLogsConfig
from exporters.awscloudwatchlogs.exporter import AwsCloudWatchLogsExporter
from exporters.awss3.config import AwsS3Config
from exporters.awss3.exporter import AwsS3Exporter
from exporters.azure_monitor.config import AzureMonitorConfig
from exporters.azure_monitor.exporter import AzureMonitorExporter
from exporters.chronicle.config import ChronicleConfig
from exporters.chronicle.exporter import ChronicleExporter
from exporters.ci_trigger.config import CiTriggerConfig
from exporters.ci_trigger.exporter import CiTriggerExporter
from exporters.clickhouse.config import ClickHouseConfig
from exporters.clickhouse.exporter import ClickHouseExporter
from exporters.cloudflare_rollback.config import CloudflareRollbackConfig
from exporters.cloudflare_rollback.exporter import CloudflareRollbackExporter
from exporters.command.config import CommandConfig
from exporters.command.exporter import CommandExporter
from exporters.coralogix.config import CoralogixConfig
from exporters.coralogix.exporter import CoralogixExporter
from exporters.d1.config import D1Config
from exporters.d1.exporter import D1Exporter
from exporters.datadog.config import DatadogConfig
from exporters.datadog.exporter import DatadogExporter
from exporters.debug.config import DebugConfig
from exporters.debug.exporter import DebugExporter
from exporters.docker.config import DockerConfig
from exporters.docker.exporter import DockerExporter
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import ElasticsearchExporter
from exporters.email.config import EmailConfig
from exporters.email.exporter import EmailExporter
from exporters.file.config import FileConfig
from exporters.file.exporter import FileExporter
from exporters.github.config import GithubConfig
from exporters.github.exporter import GithubExporter
from exporters.googlecloud.config import GoogleCloudConfig
from exporters.googlecloud.exporter import GoogleCloudExporter
from exporters.jira.config import JiraConfig
from exporters.jira.exporter import JiraExporter
from exporters.jsm.config import JsmConfig
from exporters.jsm.exporter import JsmExporter
from exporters.kafka.config import KafkaExporterConfig
from exporters.kafka.exporter import KafkaExporter
from exporters.kubernetes.config import KubernetesConfig
from exporters.kubernetes.exporter import KubernetesExporter
from exporters.kv.config import KvConfig
from exporters.kv.exporter import KvExporter
from exporters.load_balancing.config import LoadBalancingConfig
from exporters.load_balancing.exporter import LoadBalancingExporter
from exporters.logzio.config import LogzioConfig
from exporters.logzio.exporter import LogzioExporter
from exporters.loki.config import LokiConfig
from exporters.loki.exporter import LokiExporter
from exporters.nop.config import NopConfig
from exporters.nop.exporter import NopExporter
from exporters.openai.config import OpenAiConfig
from exporters.openai.exporter import OpenAiExporter
from exporters.otlp_grpc.config import OtlpConfig
from exporters.otlp_grpc.exporter import OtlpExporter
from exporters.otlp_http.config import OtlpHttpConfig
from exporters.otlp_http.exporter import OtlpHttpExporter
from exporters.pagerduty.config import PagerdutyConfig
from exporters.pagerduty.exporter import PagerdutyExporter
from exporters.sentinel.config import SentinelConfig
from exporters.sentinel.exporter import SentinelExporter
from exporters.servicenow.config import ServicenowConfig
from exporters.servicenow.exporter import ServicenowExporter
from exporters.slack.config import SlackConfig
from exporters.slack.exporter import SlackExporter
from exporters.sms.config import SmsConfig
from exporters.sms.exporter import SmsExporter
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.exporter import SplunkHecExporter
from exporters.sqlite.config import SqliteConfig
from exporters.sqlite.exporter import SqliteExporter
from exporters.syslog.config import SyslogConfig
from exporters.syslog.exporter import SyslogExporter
from exporters.systemd.config import SystemdConfig
from exporters.systemd.exporter import SystemdExporter
from exporters.teams.config import TeamsConfig
from exporters.teams.exporter import TeamsExporter
from exporters.webhook.config import HttpConfig
from exporters.webhook.exporter import HttpExporter
from processors.aggregate.config import AggregateConfig
from processors.aggregate.processor import Aggregate
from processors.anomalies.config import AnomaliesConfig
from processors.anomalies.processor import Anomalies
from processors.attributes.config import AttributesConfig
from processors.attributes.processor import Attributes
from processors.batch.config import BatchConfig
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.enrich.processor import Enrich
from processors.filter.config import FilterConfig
from processors.filter.processor import Filter
from processors.groupbyattrs.processor import GroupByAttrs
from processors.issues.config import IssuesConfig
from processors.issues.processor import Issues
from processors.k8s_attributes.config import K8sAttributesConfig
from processors.k8s_attributes.processor import K8sAttributes
from processors.log_dedup.config import LogDedupConfig
from processors.log_dedup.processor import LogDedup
from processors.memory_limiter.config import MemoryLimiterConfig
from processors.patterns.config import PatternsConfig
from processors.patterns.processor import Patterns
from processors.probabilistic_sampler.processor import ProbabilisticSampler
from processors.redact.config import RedactConfig
from processors.redact.processor import Redact
from processors.redaction.processor import Redaction
from processors.resource.config import ResourceConfig
from processors.resource.processor import Resource
from processors.resource_detection.processor import ResourceDetection
from processors.transform.config import TransformConfig
from processors.transform.processor import Transform
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

RECEIVERS: tuple[type[Receiver], ...] = (
    AlertmanagerReceiver,
    FileLogReceiver,
    JournaldReceiver,
    KafkaReceiver,
    OtlpJsonFileReceiver,
    FluentForwardReceiver,
    HooksReceiver,
    JsonReceiver,
    K8sEventsReceiver,
    K8sObjectsReceiver,
    LokiReceiver,
    NopReceiver,
    OtlpReceiver,
    SplunkHecReceiver,
    SyslogReceiver,
    TcpLogReceiver,
    UdpLogReceiver,
    WebhookEventReceiver,
)
HANDS_OVER: tuple[type[HandsOver], ...] = (
    AlertmanagerReceiver,
    FluentForwardReceiver,
    HooksReceiver,
    JsonReceiver,
    LokiReceiver,
    OtlpReceiver,
    SplunkHecReceiver,
    SyslogReceiver,
    TcpLogReceiver,
    UdpLogReceiver,
    WebhookEventReceiver,
)
ACKNOWLEDGING: tuple[type[Acknowledging], ...] = (OtlpReceiverConfig,)
PROCESSORS: tuple[type[Processor], ...] = (
    Anomalies,
    Aggregate,
    Attributes,
    Categorize,
    Enrich,
    Filter,
    GroupByAttrs,
    Issues,
    K8sAttributes,
    LogDedup,
    Patterns,
    ProbabilisticSampler,
    Redact,
    Redaction,
    Resource,
    ResourceDetection,
    Transform,
    Triage,
)
EXPORTERS: tuple[type[Exporter], ...] = (
    ArchiveExporter,
    AppriseExporter,
    AlertmanagerExporter,
    ChronicleExporter,
    D1Exporter,
    AzureMonitorExporter,
    DatadogExporter,
    AwsCloudWatchLogsExporter,
    AwsS3Exporter,
    LokiExporter,
    LogzioExporter,
    LoadBalancingExporter,
    GoogleCloudExporter,
    ClickHouseExporter,
    CoralogixExporter,
    DebugExporter,
    ElasticsearchExporter,
    EmailExporter,
    FileExporter,
    GithubExporter,
    HttpExporter,
    JiraExporter,
    JsmExporter,
    KafkaExporter,
    KvExporter,
    NopExporter,
    OpenAiExporter,
    OtlpExporter,
    OtlpHttpExporter,
    PagerdutyExporter,
    SentinelExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    SplunkHecExporter,
    SqliteExporter,
    SyslogExporter,
    TeamsExporter,
    CiTriggerExporter,
    CloudflareRollbackExporter,
    CommandExporter,
    DockerExporter,
    KubernetesExporter,
    SystemdExporter,
)
EXTENSIONS: tuple[type[Extension], ...] = (
    ApiKeys,
    BasicAuth,
    BearerTokenAuth,
    ClientCertificates,
    HeadersSetter,
    OAuth2Client,
    Oidc,
    SigV4Auth,
)
CONNECTORS: tuple[type[Connector], ...] = (Alerting, Count, Failover, Forward, Routing)
CHOOSES: tuple[type[Chooses], ...] = (FailoverConfig,)
MOVES_BACKLOG: tuple[type[MovesBacklog], ...] = (Failover,)
NAMES_EXPORTERS: tuple[type[NamesExporters], ...] = (AlertingConfig,)
ADDRESSED: tuple[type[Addressed], ...] = (
    AppriseExporter,
    AlertmanagerExporter,
    EmailExporter,
    GithubExporter,
    HttpExporter,
    JiraExporter,
    JsmExporter,
    PagerdutyExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    TeamsExporter,
    CiTriggerExporter,
    CloudflareRollbackExporter,
    CommandExporter,
    DockerExporter,
    KubernetesExporter,
    SystemdExporter,
)
ONE_REQUEST_PER: tuple[type[OneRequestPer], ...] = (
    AwsCloudWatchLogsExporter,
    AwsS3Exporter,
    LokiExporter,
    GoogleCloudExporter,
    AppriseExporter,
    AlertmanagerExporter,
    EmailExporter,
    GithubExporter,
    HttpExporter,
    JiraExporter,
    JsmExporter,
    OpenAiExporter,
    PagerdutyExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    TeamsExporter,
    CiTriggerExporter,
    CloudflareRollbackExporter,
    CommandExporter,
    DockerExporter,
    KubernetesExporter,
    SystemdExporter,
)
ORDERED: tuple[type[Ordered], ...] = (
    AppriseExporter,
    AlertmanagerExporter,
    EmailExporter,
    GithubExporter,
    HttpExporter,
    JiraExporter,
    JsmExporter,
    OpenAiExporter,
    PagerdutyExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    TeamsExporter,
    CiTriggerExporter,
    CloudflareRollbackExporter,
    CommandExporter,
    DockerExporter,
    KubernetesExporter,
    SystemdExporter,
)
SUPERSEDES: tuple[type[Supersedes], ...] = (
    AppriseExporter,
    AlertmanagerExporter,
    EmailExporter,
    GithubExporter,
    HttpExporter,
    JiraExporter,
    JsmExporter,
    OpenAiExporter,
    PagerdutyExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    TeamsExporter,
)
KEEPS_RECEIPTS: tuple[type[KeepsReceipts], ...] = (
    AppriseExporter,
    AlertmanagerExporter,
    EmailExporter,
    GithubExporter,
    JiraExporter,
    JsmExporter,
    OpenAiExporter,
    PagerdutyExporter,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    TeamsExporter,
)
TAKES_COMMANDS: tuple[type[TakesCommands], ...] = (Aggregate, Alerting, Issues)
LEADS_TO: tuple[type[LeadsTo], ...] = (FailoverConfig, RoutingConfig)
OPTIONS_OF_EXPORTERS: tuple[type[DeliveryConfig], ...] = (
    ArchiveConfig,
    AppriseConfig,
    AlertmanagerConfig,
    ChronicleConfig,
    D1Config,
    AzureMonitorConfig,
    DatadogConfig,
    AwsCloudWatchLogsConfig,
    AwsS3Config,
    LokiConfig,
    LogzioConfig,
    LoadBalancingConfig,
    GoogleCloudConfig,
    ClickHouseConfig,
    CoralogixConfig,
    DebugConfig,
    ElasticsearchConfig,
    EmailConfig,
    FileConfig,
    GithubConfig,
    HttpConfig,
    JiraConfig,
    JsmConfig,
    KafkaExporterConfig,
    KvConfig,
    NopConfig,
    OpenAiConfig,
    OtlpConfig,
    OtlpHttpConfig,
    PagerdutyConfig,
    SentinelConfig,
    ServicenowConfig,
    SlackConfig,
    SmsConfig,
    SplunkHecConfig,
    SqliteConfig,
    SyslogConfig,
    TeamsConfig,
    CiTriggerConfig,
    CloudflareRollbackConfig,
    CommandConfig,
    DockerConfig,
    KubernetesConfig,
    SystemdConfig,
)
AMENDS_HEADERS: tuple[type[AmendsHeaders], ...] = (HeadersSetter,)
LACKS_SOURCES: tuple[type[LacksSources], ...] = (K8sEventsReceiver, K8sObjectsReceiver, KafkaReceiver)
GOES_STALE: tuple[type[GoesStale], ...] = (Oidc,)
KNOWS_SECRETS: tuple[type[KnowsSecrets], ...] = (ApiKeys,)
GOES_BEFORE: tuple[type[GoesBefore], ...] = (RedactConfig,)
JUDGES_SERVICE: tuple[type[JudgesService], ...] = (TriageConfig,)
WANTS_OF_LISTENERS: tuple[type[WantsOfListeners], ...] = (ClientCertificateConfig,)
BILLS: tuple[type[Bills], ...] = (D1Exporter,)
PRICED: tuple[type[Priced], ...] = (D1Config,)
ASKS_FOR_DOMAINS: tuple[type[AsksForDomains], ...] = (AlertingConfig,)
STAYS_HERE: tuple[type[StaysHere], ...] = (FileConfig, SqliteConfig)
DELETES_BY_ITSELF: tuple[type[DeletesByItself], ...] = (
    AwsCloudWatchLogsConfig,
    ClickHouseConfig,
    ElasticsearchConfig,
    KvConfig,
)
CAUTIONS: tuple[type[Cautions], ...] = (
    ClickHouseConfig,
    OtlpHttpConfig,
    SplunkHecConfig,
    AlertingConfig,
    ApiKeysConfig,
    ConsoleConfig,
    FilterConfig,
    GoogleCloudConfig,
    KafkaReceiverConfig,
    JournaldConfig,
    K8sAttributesConfig,
    K8sEventsConfig,
    K8sObjectsConfig,
    OpampConfig,
    TransformConfig,
    ZPagesConfig,
)
CLIENT_AUTHENTICATOR: tuple[type[ClientAuthenticator], ...] = (
    BasicAuth,
    BearerTokenAuth,
    HeadersSetter,
    OAuth2Client,
    SigV4Auth,
)
COUNTING: tuple[type[Counting], ...] = (ArchiveExporter, D1Exporter, OpenAiExporter)
FORGETS_SUBJECTS: tuple[type[ForgetsSubjects], ...] = (
    Aggregate,
    Alerting,
    Issues,
    Patterns,
)
EXPLAINS: tuple[type[Explains], ...] = (
    Anomalies,
    Categorize,
    Issues,
    Patterns,
    Triage,
)
GIVES_DOMAINS: tuple[type[GivesDomains], ...] = (
    ApiKeysConfig,
    BasicAuthConfig,
    ClientCertificateConfig,
    OidcConfig,
)
READS_ARCHIVE: tuple[type[ReadsArchive], ...] = (ConsoleConfig,)
READS_STORE: tuple[type[ReadsStore], ...] = (ConsoleConfig,)
CARRIES_SIGNALS: tuple[type[CarriesSignals], ...] = (
    AwsS3Config,
    OtlpReceiverConfig,
    DebugConfig,
    NopConfig,
    OtlpConfig,
    OtlpHttpConfig,
)
ASKS_OF_CLIENTS: tuple[type[AsksOfClients], ...] = (
    *OPTIONS_OF_EXPORTERS,
    AttributesConfig,
    BatchConfig,
    FilterConfig,
    HeadersSetterConfig,
    LogDedupConfig,
    ResourceConfig,
    RoutingConfig,
    TransformConfig,
)
NAMES_AUTHENTICATORS: tuple[type[NamesAuthenticators], ...] = (
    KafkaReceiverConfig,
    KafkaExporterConfig,
    GoogleCloudConfig,
    HeadersSetterConfig,
    AlertmanagerConfig,
    ChronicleConfig,
    CiTriggerConfig,
    AzureMonitorConfig,
    DatadogConfig,
    DockerConfig,
    ElasticsearchConfig,
    GithubConfig,
    HttpConfig,
    JiraConfig,
    JsmConfig,
    KubernetesConfig,
    LogzioConfig,
    LokiConfig,
    OpenAiConfig,
    OtlpConfig,
    OtlpHttpConfig,
    PagerdutyConfig,
    SentinelConfig,
    ServicenowConfig,
    SlackConfig,
    SmsConfig,
    SplunkHecConfig,
    TeamsConfig,
)
KEEPS_CLIENTS_APART: tuple[type[KeepsClientsApart], ...] = (BatchConfig, LogDedupConfig)
KNOWS_CONNECTIONS: tuple[type[KnowsConnections], ...] = (K8sAttributesConfig,)
ERASES_SUBJECTS: tuple[type[ErasesSubjects], ...] = (
    ArchiveExporter,
    D1Exporter,
    ElasticsearchExporter,
    KvExporter,
    SqliteExporter,
)
GATHERS: tuple[type[Gathers], ...] = (ArchiveExporter,)
HOLDS_ARCHIVE: tuple[type[HoldsArchive], ...] = (ArchiveConfig,)
HOLDS_LOGS: tuple[type[HoldsLogs], ...] = (SqliteConfig,)
KEEPS_STATE: tuple[type[KeepsState], ...] = (
    AnomaliesConfig,
    AggregateConfig,
    CategorizeConfig,
    IssuesConfig,
    LogDedupConfig,
    PatternsConfig,
)
KEEPS_TABLES: tuple[type[KeepsTables], ...] = (
    D1Exporter,
    KvExporter,
    SqliteExporter,
)
LISTENS: tuple[type[Listens], ...] = (
    ConsoleConfig,
    HealthCheckConfig,
    ZPagesConfig,
    AlertmanagerReceiverConfig,
    FluentForwardConfig,
    HooksConfig,
    JsonReceiverConfig,
    LokiReceiverConfig,
    OtlpReceiverConfig,
    SplunkHecReceiverConfig,
    SyslogReceiverConfig,
    TcpLogConfig,
    UdpLogConfig,
    WebhookEventConfig,
)
MAKES_DOMAINS_KNOWN: tuple[type[MakesDomainsKnown], ...] = (ApiKeys,)
MEMORY_LIMITING: tuple[type[MemoryLimiting], ...] = (MemoryLimiterConfig,)
OPEN_TO_OTHERS: tuple[type[OpenToOthers], ...] = (
    AlertmanagerReceiverConfig,
    FluentForwardConfig,
    HooksConfig,
    JsonReceiverConfig,
    LokiReceiverConfig,
    OtlpReceiverConfig,
    SplunkHecReceiverConfig,
    SyslogReceiverConfig,
    TcpLogConfig,
    UdpLogConfig,
    WebhookEventConfig,
)
PASSES_WHOLE: tuple[type[PassesWhole], ...] = (Forward,)
PAYLOAD_EXPORTER: tuple[type[PayloadExporter], ...] = (
    LogzioExporter,
    NopExporter,
    OtlpExporter,
    OtlpHttpExporter,
)
PROBED: tuple[type[Probed], ...] = (
    AlertmanagerReceiverConfig,
    HooksConfig,
    JsonReceiverConfig,
    LokiReceiverConfig,
    OtlpReceiverConfig,
    SplunkHecReceiverConfig,
    WebhookEventConfig,
)
PROVIDES: tuple[type[Provides], ...] = (
    AckConfig,
    ApiKeysConfig,
    BasicAuthConfig,
    BearerTokenAuthConfig,
    ClientCertificateConfig,
    FileStorageConfig,
    HeadersSetterConfig,
    OAuth2ClientConfig,
    OidcConfig,
    SigV4AuthConfig,
)
RECALLS: tuple[type[Recalls], ...] = (
    ApiKeys,
    BasicAuth,
    BearerTokenAuth,
    ClientCertificates,
    Oidc,
)
SERVER_AUTHENTICATOR: tuple[type[ServerAuthenticator], ...] = (
    ApiKeys,
    BasicAuth,
    BearerTokenAuth,
    ClientCertificates,
    Oidc,
)
LETS_PEOPLE_IN: tuple[type[LetsPeopleIn], ...] = (ApiKeysConfig, BasicAuthConfig, OidcConfig)
SENDS_PEOPLE: tuple[type[SendsPeople], ...] = (Oidc,)
SHOWS_RECORDS: tuple[type[ShowsRecords], ...] = (ConsoleConfig,)
VOUCHES: tuple[type[Vouches], ...] = (ApiKeys, BasicAuth)
SIGNS_REQUESTS: tuple[type[SignsRequests], ...] = (SigV4Auth,)
SPEAKS_TLS: tuple[type[SpeaksTls], ...] = (
    KafkaExporterConfig,
    AwsS3Config,
    AlertmanagerConfig,
    ChronicleConfig,
    D1Config,
    AzureMonitorConfig,
    DatadogConfig,
    AwsCloudWatchLogsConfig,
    LokiConfig,
    LogzioConfig,
    LoadBalancingConfig,
    ClickHouseConfig,
    GoogleCloudConfig,
    CoralogixConfig,
    ElasticsearchConfig,
    EmailConfig,
    GithubConfig,
    HttpConfig,
    JiraConfig,
    JsmConfig,
    KvConfig,
    OpenAiConfig,
    OtlpConfig,
    OtlpHttpConfig,
    PagerdutyConfig,
    SentinelConfig,
    ServicenowConfig,
    SlackConfig,
    SmsConfig,
    SplunkHecConfig,
    SyslogConfig,
    TeamsConfig,
    CiTriggerConfig,
    CloudflareRollbackConfig,
    DockerConfig,
    KubernetesConfig,
)
STEP_LIMITING: tuple[type[StepLimiting], ...] = (BatchConfig,)
TAKES_EVENTS: tuple[type[TakesEvents], ...] = (
    ArchiveExporter,
    AppriseExporter,
    Aggregate,
    Alerting,
    AlertmanagerExporter,
    D1Exporter,
    ElasticsearchExporter,
    EmailExporter,
    Failover,
    Forward,
    GithubExporter,
    HttpExporter,
    Issues,
    JiraExporter,
    JsmExporter,
    KvExporter,
    OpenAiExporter,
    PagerdutyExporter,
    Routing,
    ServicenowExporter,
    SlackExporter,
    SmsExporter,
    SqliteExporter,
    TeamsExporter,
    Triage,
    CiTriggerExporter,
    CloudflareRollbackExporter,
    CommandExporter,
    DockerExporter,
    KubernetesExporter,
    SystemdExporter,
)
TELLS_ORIGIN: tuple[type[TellsOrigin], ...] = (
    LoadBalancingExporter,
    OtlpExporter,
    OtlpHttpExporter,
)
EXPLAINS_ITSELF: tuple[type[ExplainsItself], ...] = (AlertingConfig,)
JOURNALS_TEXT: tuple[type[JournalsText], ...] = (
    FileLogConfig,
    JournaldConfig,
    SyslogReceiverConfig,
    TcpLogConfig,
    UdpLogConfig,
)
TAKES_LINKS: tuple[type[TakesLinks], ...] = (HooksConfig,)
TRUSTS_EVENTS: tuple[type[TrustsEvents], ...] = (OtlpReceiverConfig,)
TELLS_OF_CREDENTIALS: tuple[type[TellsOfCredentials], ...] = (ApiKeys,)
TICKING: tuple[type[Ticking], ...] = (Anomalies, Alerting, Count, Issues, LogDedup, Triage)
REPUBLISHES: tuple[type[Republishes], ...] = (Issues, Patterns)

CLASSES: dict[str, tuple[type, ...]] = {
    "ErasesSubjects": ERASES_SUBJECTS,
    "Gathers": GATHERS,
    "Receiver": RECEIVERS,
    "HandsOver": HANDS_OVER,
    "Acknowledging": ACKNOWLEDGING,
    "Processor": PROCESSORS,
    "Chooses": CHOOSES,
    "Connector": CONNECTORS,
    "Addressed": ADDRESSED,
    "LeadsTo": LEADS_TO,
    "LetsPeopleIn": LETS_PEOPLE_IN,
    "SendsPeople": SENDS_PEOPLE,
    "ShowsRecords": SHOWS_RECORDS,
    "Vouches": VOUCHES,
    "NamesExporters": NAMES_EXPORTERS,
    "OneRequestPer": ONE_REQUEST_PER,
    "Ordered": ORDERED,
    "Supersedes": SUPERSEDES,
    "KeepsReceipts": KEEPS_RECEIPTS,
    "TakesCommands": TAKES_COMMANDS,
    "MovesBacklog": MOVES_BACKLOG,
    "Exporter": EXPORTERS,
    "Extension": EXTENSIONS,
    "DeliveryConfig": OPTIONS_OF_EXPORTERS,
    "AmendsHeaders": AMENDS_HEADERS,
    "Bills": BILLS,
    "WantsOfListeners": WANTS_OF_LISTENERS,
    "HoldsArchive": HOLDS_ARCHIVE,
    "ReadsArchive": READS_ARCHIVE,
    "HoldsLogs": HOLDS_LOGS,
    "ReadsStore": READS_STORE,
    "GoesBefore": GOES_BEFORE,
    "JudgesService": JUDGES_SERVICE,
    "GoesStale": GOES_STALE,
    "LacksSources": LACKS_SOURCES,
    "KnowsSecrets": KNOWS_SECRETS,
    "Cautions": CAUTIONS,
    "DeletesByItself": DELETES_BY_ITSELF,
    "StaysHere": STAYS_HERE,
    "AsksForDomains": ASKS_FOR_DOMAINS,
    "Priced": PRICED,
    "ClientAuthenticator": CLIENT_AUTHENTICATOR,
    "Counting": COUNTING,
    "Explains": EXPLAINS,
    "ForgetsSubjects": FORGETS_SUBJECTS,
    "GivesDomains": GIVES_DOMAINS,
    "KeepsState": KEEPS_STATE,
    "CarriesSignals": CARRIES_SIGNALS,
    "AsksOfClients": ASKS_OF_CLIENTS,
    "KeepsClientsApart": KEEPS_CLIENTS_APART,
    "NamesAuthenticators": NAMES_AUTHENTICATORS,
    "KnowsConnections": KNOWS_CONNECTIONS,
    "KeepsTables": KEEPS_TABLES,
    "Listens": LISTENS,
    "MakesDomainsKnown": MAKES_DOMAINS_KNOWN,
    "MemoryLimiting": MEMORY_LIMITING,
    "OpenToOthers": OPEN_TO_OTHERS,
    "PassesWhole": PASSES_WHOLE,
    "PayloadExporter": PAYLOAD_EXPORTER,
    "Probed": PROBED,
    "Provides": PROVIDES,
    "Recalls": RECALLS,
    "ServerAuthenticator": SERVER_AUTHENTICATOR,
    "SignsRequests": SIGNS_REQUESTS,
    "SpeaksTls": SPEAKS_TLS,
    "StepLimiting": STEP_LIMITING,
    "Republishes": REPUBLISHES,
    "TakesEvents": TAKES_EVENTS,
    "TellsOrigin": TELLS_ORIGIN,
    "TellsOfCredentials": TELLS_OF_CREDENTIALS,
    "Ticking": TICKING,
    "ExplainsItself": EXPLAINS_ITSELF,
    "JournalsText": JOURNALS_TEXT,
    "TakesLinks": TAKES_LINKS,
    "TrustsEvents": TRUSTS_EVENTS,
}
"""Protocol → the classes that keep it."""
