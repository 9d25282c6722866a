"""Every event that the service tells about itself. Whoever tells one names it from here; the page of events (`EVENTS.md`) is written from it."""

from __future__ import annotations

from collector.control.event import Example, ServiceEvent

_EXPORTER = {"logboom.exporter": "id of the exporter"}
_PIPELINE = {"logboom.pipeline": "the pipeline"}
_LISTENER = {"logboom.listener": "receiver and protocol"}
_CHILD = {"logboom.child": "the process that is meant"}
_REASON = {"logboom.reason": "why, in words"}
_COUNT = {"logboom.count": "how often, or how many records, since it was last told"}
_DURATION = {"logboom.duration": "seconds that it lasted; at its end"}
_AT_MOST = "at most once a minute for the same reason"

# --- of processes

PROCESS_ENDED = ServiceEvent(
    "process.ended", "a child process ended unasked; another takes its place", "WARN", {**_CHILD, **_REASON},
    Example("worker 0 ended with signal SIGKILL: a new one starts in 0.1 s", {"logboom.child": "worker 0", "logboom.reason": "signal SIGKILL"}),
)  # fmt: skip
PROCESS_DIES = ServiceEvent(
    "process.dies", "3 child processes in a row died soon after their start", "ERROR", {**_CHILD, **_DURATION},
    Example("worker 0 died 3 times in a row, soon after its start", {"logboom.child": "worker 0"}), lasts=True,
)  # fmt: skip
DESCRIPTORS = ServiceEvent(
    "process.descriptors", "a process uses 90 % of the files that it may open", "WARN", {**_CHILD, **_DURATION},
    Example("ingest-0 uses 940 of the 1024 files it may open", {"logboom.child": "ingest-0"}), lasts=True,
)  # fmt: skip
CONFIG_CHANGED = ServiceEvent(
    "config.changed",
    "a new configuration runs, after SIGHUP or from an OpAMP server",
    "INFO",
    {},
    Example("configuration reloaded"),
    audited=True,
)
CONFIG_REFUSED = ServiceEvent(
    "config.refused", "a new configuration can't be taken over; the old one stays", "ERROR", _REASON,
    Example("the new configuration is refused, the old one stays", {"logboom.reason": "service.ledger.partitions can't change from 4 to 8: it is fixed when the data directory is made"}),
    audited=True,
)  # fmt: skip
CLOCK_JUMPED = ServiceEvent(
    "clock.jumped", "the clock of the machine was set forward or back by more than a second", "WARN",
    {"logboom.seconds": "by how much; negative: back"},
    Example("the clock was set back by 3600.0 s", {"logboom.seconds": -3600.0}),
)  # fmt: skip
EVENTS_LOST = ServiceEvent(
    "events.lost", "events of a process were given up: nobody took them in, or there were too many", "ERROR", _COUNT,
    Example("12 events of this process were lost", {"logboom.count": 12}, "worker 0"),
)  # fmt: skip

# --- of what comes in

LISTENER_SILENT = ServiceEvent(
    "listener.silent", "a listener does not answer a newcomer", "ERROR", {**_LISTENER, **_DURATION},
    Example("otlp grpc does not serve (1 probes in a row): no answer within 5 s", {"logboom.listener": "otlp grpc"}), lasts=True,
)  # fmt: skip
LISTENER_CROWDED = ServiceEvent(
    "listener.crowded", "connections, unfinished bodies or calls of a listener met their bound", "WARN", {**_REASON, **_DURATION},
    Example("http: all connections are in use, silent ones are closed", {"logboom.reason": "http: all connections are in use, silent ones are closed"}),
    lasts=True,
)  # fmt: skip
SOURCE_UNREAD = ServiceEvent(
    "source.unread", "a receiver can't read what it should; it tries again", "ERROR",
    {"logboom.source": "the receiver, and what it reads", **_REASON, **_DURATION},
    Example("k8s_events events can't be read: 10.96.0.1:443 answered 403: events is forbidden",
            {"logboom.source": "k8s_events events", "logboom.reason": "k8s_events events can't be read: 10.96.0.1:443 answered 403: events is forbidden"}),
    lasts=True,
)  # fmt: skip
INTAKE_REFUSING = ServiceEvent(
    "intake.refusing", "a process refuses all requests: its journal or memory is full", "ERROR", {**_CHILD, **_DURATION},
    Example("the journal is full: senders are told to wait", {"logboom.child": "ingest 0"}), lasts=True,
)  # fmt: skip
REQUESTS_REFUSED = ServiceEvent(
    "requests.refused", "more than 5 % of the requests of a minute, and 20 at least, were told to come again", "WARN", _DURATION,
    Example("12% of the requests of the last minute were told to come again (31)"), lasts=True,
)  # fmt: skip
JOURNAL_SLOW = ServiceEvent(
    "journal.slow", "requests wait for the journal's disk for more than 3 s", "WARN", {**_CHILD, **_DURATION},
    Example("ingest 0: requests have waited for 4 s, the journal's disk is slow", {"logboom.child": "ingest 0"}), lasts=True,
)  # fmt: skip
LIMIT_REACHED = ServiceEvent(
    "limit.reached", f"requests of a domain are refused because it has used up a limit of its own; {_AT_MOST}", "WARN",
    {"logboom.domain": "the domain", "logboom.receiver": "through which they came", **_COUNT},
    Example("3 requests of tamyla.com told to slow down: a limit of the domain is reached", {"logboom.domain": "tamyla.com", "logboom.receiver": "otlp", "logboom.count": 3}, "ingest 0"),
    shown=frozenset({"logboom.count"}),
    shown_body="requests of this domain were told to slow down: it has reached a limit of its own",
)  # fmt: skip
LIMIT_ENDED = ServiceEvent(
    "limit.ended", "a domain or credential that was told to slow down was not for a minute", "INFO",
    {"logboom.domain": "the domain", "logboom.unit": "of the limit", "user.id": "id of the credential, where the limit is its own",
     **_COUNT, "logboom.seconds": "seconds from the first refusal to the last"},
    Example("tamyla.com keeps to its records a second again: 31 requests told to slow down",
            {"logboom.domain": "tamyla.com", "logboom.unit": "records", "logboom.count": 31, "logboom.seconds": 12.5}, "ingest 0"),
    shown=frozenset({"logboom.unit", "logboom.count", "logboom.seconds"}),
    shown_body="this domain keeps to a limit of its own again",
)  # fmt: skip
QUOTA_REACHED = ServiceEvent(
    "quota.reached", "a domain has used 80 %, or all, of what it may send in a day; each once a day and process", "WARN",
    {"logboom.domain": "the domain", "logboom.unit": "records or bytes", "logboom.share": "0.8 or 1.0"},
    Example("tamyla.com has used 80% of the records that it may send today",
            {"logboom.domain": "tamyla.com", "logboom.unit": "records", "logboom.share": 0.8}, "ingest 0"),
    shown=frozenset({"logboom.unit", "logboom.share"}),
    shown_body="this domain has used most of what it may send today",
)  # fmt: skip
BUDGET_REACHED = ServiceEvent(
    "budget.reached", "a domain has spent 80 %, or all, of what it may spend in a day or a month; each once", "WARN",
    {"logboom.domain": "the domain", "logboom.period": "day or month", "logboom.share": "0.8 or 1.0",
     "logboom.spent": "what it has spent by then", "logboom.most": "what it may spend"},
    Example("tamyla.com has spent 4.02, 80% of the 5 that it may spend a day",
            {"logboom.domain": "tamyla.com", "logboom.period": "day", "logboom.share": 0.8, "logboom.spent": 4.02, "logboom.most": 5.0}),
    shown=frozenset({"logboom.period", "logboom.share"}),
    shown_body="this domain has spent most of what it may spend in the period",
)  # fmt: skip
CARDINALITY_REACHED = ServiceEvent(
    "cardinality.reached", f"a domain names more different services or attribute keys than it may; {_AT_MOST}", "WARN",
    {"logboom.domain": "the domain", "logboom.of": "`services` or `attribute_keys`", "logboom.most": "so many may be different", **_COUNT},
    Example("tamyla.com named more than 2000 different attribute keys: 16 more were put together",
            {"logboom.domain": "tamyla.com", "logboom.of": "attribute_keys", "logboom.most": 2000, "logboom.count": 16}, "worker 0"),
    shown=frozenset({"logboom.of", "logboom.most", "logboom.count"}),
    shown_body="this domain names more different things than it may: those above the bound were put together",
)  # fmt: skip
AUTH_FAILED = ServiceEvent(
    "auth.failed", f"senders, or readers of the console, were refused because of who they are, or are not; {_AT_MOST}, address and credential", "WARN",
    {
        "logboom.authenticator": "the extension that was asked", "logboom.receiver": "through which they came",
        "error.type": "why: missing, malformed, unknown, expired, …", "client.address": "where they come from",
        "user_agent.original": "what they say they are", "user.id": "id of the credential, where one is known",
        "logboom.domain": "its domain", **_COUNT,
    },
    Example(
        "api_keys refused 4 request(s) of 203.0.113.9: revoked",
        {
            "logboom.authenticator": "api_keys", "logboom.receiver": "otlp", "error.type": "revoked", "client.address": "203.0.113.9",
            "user_agent.original": "OTel-OTLP-Exporter-Python/1.37.0", "user.id": "k-7f3a", "logboom.domain": "tamyla.com",
            "logboom.count": 4,
        },
        "ingest 0",
    ),
)  # fmt: skip
CONSOLE_LOGIN = ServiceEvent(
    "console.login", "somebody logged in to the console", "INFO",
    {
        "logboom.authenticator": "the extension that let them in, or `link`", "user.id": "whom: a user, a subject, id of a key",
        "session.id": "public id of the session", "client.address": "where they come from", "user_agent.original": "what their browser says it is",
    },
    Example("anna logged in to the console by basicauth",
            {"logboom.authenticator": "basicauth", "user.id": "anna", "session.id": "5f0c1d2e3a4b", "client.address": "198.51.100.7",
             "user_agent.original": "Mozilla/5.0"}, "console 0"),
    audited=True,
)  # fmt: skip
CONSOLE_LOGOUT = ServiceEvent(
    "console.logout", "somebody logged out of the console", "INFO",
    {
        "logboom.authenticator": "the extension that had let them in, or `link`", "user.id": "whom", "session.id": "public id of the session",
        "client.address": "where they had logged in from",
    },
    Example("anna logged out of the console",
            {"logboom.authenticator": "basicauth", "user.id": "anna", "session.id": "5f0c1d2e3a4b", "client.address": "198.51.100.7"}, "console 0"),
    audited=True,
)  # fmt: skip
AUTH_SUCCEEDED = ServiceEvent(
    "auth.succeeded", "senders were let in: the sum of an hour, and at once a sender from whose network wrong credentials came within a minute", "INFO",
    {
        "logboom.authenticator": "the extension that was asked", **_COUNT,
        "logboom.failures": "wrong credentials that came from there just before; 0 in sums",
        "client.address": "where it comes from, with failures", "user_agent.original": "what it says it is, with failures",
        "user.id": "id of the credential, with failures", "logboom.domain": "its domain, with failures",
    },
    Example("api_keys let 198.51.100.7 in, from where 12 wrong credentials came within a minute",
            {"logboom.authenticator": "api_keys", "logboom.count": 1, "logboom.failures": 12, "client.address": "198.51.100.7",
             "user_agent.original": "curl/8.5.0", "user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com"}, "ingest 0"),
)  # fmt: skip
DOMAIN_MISMATCH = ServiceEvent(
    "domain.mismatch", f"a credential was used for a domain that it does not reach; {_AT_MOST} and credential", "WARN",
    {"user.id": "id of the credential", "logboom.domain": "its domain", "logboom.reason": "which domain was meant, in words",
     "logboom.receiver": "through which it came", "client.address": "where it comes from", **_COUNT},
    Example("setg7wfydnk3 of tamyla.com: the credential does not reach the domain wetechfounders.com",
            {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.receiver": "otlp", "client.address": "203.0.113.9",
             "logboom.reason": "the credential does not reach the domain wetechfounders.com", "logboom.count": 3}, "ingest 0"),
    shown=frozenset({"user.id", "client.address", "logboom.count"}),
    shown_body="a credential of this domain was used for another",
)  # fmt: skip
JWKS_STALE = ServiceEvent(
    "jwks.stale", "a provider of tokens can't be asked for its keys; those of before are good for some time", "WARN",
    {"logboom.authenticator": "the extension, and the provider", **_REASON, **_DURATION},
    Example("https://id.example can't be asked for keys: those of before are good for some time, and new ones are not known",
            {"logboom.authenticator": "oidc https://id.example",
             "logboom.reason": "https://id.example can't be asked for keys: those of before are good for some time, and new ones are not known"}),
    lasts=True,
)  # fmt: skip
_KEY = {"user.id": "id of the key", "logboom.domain": "its domain", "logboom.name": "what people call it"}
_KEY_SHOWN = frozenset({"user.id", "logboom.name"})
KEY_CREATED = ServiceEvent(
    "key.created", "an API key was made; its domain is known from then on", "INFO", _KEY,
    Example("the key setg7wfydnk3 of tamyla.com was created", {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.name": "till 7"}, "ingest 0"),
    shown=_KEY_SHOWN, shown_body="an API key of this domain was made",
    audited=True,
)  # fmt: skip
KEY_ROTATED = ServiceEvent(
    "key.rotated", "an API key was made in the place of another, which ends soon", "INFO",
    {**_KEY, "logboom.predecessor": "the key that ends"},
    Example("the key 70hfzq5tekym of tamyla.com was created, in the place of setg7wfydnk3", {"user.id": "70hfzq5tekym", "logboom.domain": "tamyla.com", "logboom.predecessor": "setg7wfydnk3"}, "ingest 0"),
    shown=_KEY_SHOWN | {"logboom.predecessor"}, shown_body="an API key of this domain was made in the place of another",
    audited=True,
)  # fmt: skip
KEY_REVOKED = ServiceEvent(
    "key.revoked", "an API key was taken back: it lets nobody in any more", "INFO", _KEY,
    Example("the key setg7wfydnk3 of tamyla.com was revoked", {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com"}, "ingest 0"),
    shown=_KEY_SHOWN, shown_body="an API key of this domain was taken back",
    audited=True,
)  # fmt: skip
KEY_EXPIRING = ServiceEvent(
    "key.expiring", "an API key ends within 14, 3, 1 day; once for each", "WARN", {**_KEY, "logboom.days": "within how many days"},
    Example("the key setg7wfydnk3 of tamyla.com ends within 3 day(s)", {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.days": 3}, "ingest 0"),
    shown=_KEY_SHOWN | {"logboom.days"}, shown_body="an API key of this domain ends soon",
)  # fmt: skip
_USE = {
    "client.address": "where it was used",
    "user_agent.original": "by what, as it says itself",
    "logboom.receiver": "through which it came",
}
KEY_EXPIRED_USED = ServiceEvent(
    "key.expired_used", f"an API key that has ended, or was taken back, is still used; {_AT_MOST}, address and key", "WARN",
    {**_KEY, **_USE, "error.type": "expired or revoked", **_COUNT},
    Example("the key setg7wfydnk3 of tamyla.com is used by 203.0.113.9, and has expired",
            {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.receiver": "otlp", "client.address": "203.0.113.9",
             "user_agent.original": "OTel-OTLP-Exporter-Python/1.37.0", "error.type": "expired", "logboom.count": 4}, "ingest 0"),
    shown=frozenset({"user.id", "client.address", "user_agent.original", "error.type", "logboom.count"}),
    shown_body="an API key of this domain that is not good any more is still used",
)  # fmt: skip
KEY_NEW_NETWORK = ServiceEvent(
    "key.new_network", "a credential was used from a network (/24, IPv6 /48) where it was not within 30 days; not told of its first one", "WARN",
    {**_KEY, **_USE, "logboom.network": "the network"},
    Example("the credential setg7wfydnk3 of tamyla.com is used from 198.51.100.0/24, for the first time in 30 days",
            {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.receiver": "otlp", "client.address": "198.51.100.7",
             "user_agent.original": "curl/8.5.0", "logboom.network": "198.51.100.0/24"}, "ingest 0"),
    shown=frozenset({"user.id", "client.address", "user_agent.original", "logboom.network"}),
    shown_body="a credential of this domain is used from a network that is new to it",
)  # fmt: skip
KEY_EXPOSED = ServiceEvent(
    "key.exposed", f"a live API key stands in a log record; it was masked there; {_AT_MOST} and key", "ERROR",
    {**_KEY, "logboom.records_of": "the domain whose records hold it", "logboom.receiver": "through which they came", **_COUNT},
    Example("the key setg7wfydnk3 of tamyla.com stands in records of tamyla.com: whoever reads them could have sent with it",
            {"user.id": "setg7wfydnk3", "logboom.domain": "tamyla.com", "logboom.name": "till 7", "logboom.records_of": "tamyla.com",
             "logboom.receiver": "otlp", "logboom.count": 1}, "ingest 0"),
    shown=frozenset({"user.id", "logboom.name", "logboom.count"}),
    shown_body="an API key of this domain stood in a log record: rotate it",
)  # fmt: skip
TLS_EXPIRING = ServiceEvent(
    "tls.expiring", "a certificate expires within 14 days, or has expired", "WARN",
    {"logboom.component": "which component shows it", "logboom.file": "its file", "logboom.seconds": "until then; negative: since", **_DURATION},
    Example("receivers.otlp: the certificate /etc/logboom/tls.crt expires in 6 days", {"logboom.component": "receivers.otlp", "logboom.file": "/etc/logboom/tls.crt", "logboom.seconds": 518400.0}),
    lasts=True,
)  # fmt: skip

# --- of what is worked on

PIPELINE_BEHIND = ServiceEvent(
    "pipeline.behind", "the oldest request that a pipeline has not read is older than `max_unread_age`", "WARN", {**_PIPELINE, **_DURATION},
    Example("pipeline logs is behind: its oldest request waits for 75 s", {"logboom.pipeline": "logs"}), lasts=True,
)  # fmt: skip
CLUSTER_MOVED = ServiceEvent(
    "cluster.moved", "partitions came to a worker of this machine, or went to other machines of the cluster", "INFO",
    {**_CHILD, "logboom.came": "partitions that it has from now on", "logboom.went": "partitions that it has no more", "logboom.torn": "those of them that were taken without being asked for"},
    Example("worker 0 has 4 partitions of the cluster: 2, 3 came, none went", {"logboom.child": "worker 0", "logboom.came": "2, 3", "logboom.went": "", "logboom.torn": ""}, "worker 0"),
)  # fmt: skip
CLUSTER_CUT_OFF = ServiceEvent(
    "cluster.cut_off", "a worker has not heard of the brokers for as long as its session: others may have its partitions, so it delivers nothing", "ERROR",
    {**_CHILD, **_DURATION},
    Example("worker 0 has not heard of the brokers for 12 s: it delivers nothing", {"logboom.child": "worker 0"}), lasts=True,
)  # fmt: skip
CLUSTER_EXPIRED = ServiceEvent(
    "cluster.expired", "payloads were deleted by the brokers before a pipeline had read them: retention was over for them", "ERROR", {**_CHILD, **_REASON, **_DURATION},
    Example("pipeline logs had not read up to 12 payloads of logboom.intake/3, and they were deleted", {"logboom.child": "worker 0"}), lasts=True,
)  # fmt: skip
PIPELINE_RESTS = ServiceEvent(
    "pipeline.rests", "the disk does not let a pipeline work: it is full, or what it gives is damaged", "ERROR",
    {"logboom.pipeline": "the pipeline, and its partition", **_REASON, **_DURATION},
    Example("pipeline logs of partition 2 rests", {"logboom.pipeline": "pipeline logs of partition 2", "logboom.reason": "no room for a commit of 40960 bytes"}, "worker 0"),
    lasts=True,
)  # fmt: skip
DISK_SHORT = ServiceEvent(
    "disk.short", "the file system of the data directory has less than 64 MiB left", "WARN", _DURATION,
    Example("the file system of the data directory has 31 MiB left"), lasts=True,
)  # fmt: skip
SET_ASIDE = ServiceEvent(
    "records.set_aside", "records became dead letters within ten minutes: undecodable, damaged, poison, or rejected", "WARN",
    {"logboom.component": "exporter or pipeline", **_DURATION},
    Example("exporter/sqlite set 4 record(s) aside within 10 minutes: `logboom deadletter list` shows them", {"logboom.component": "exporter/sqlite"}),
    lasts=True,
)  # fmt: skip

BACKUP_FAILING = ServiceEvent(
    "backup.failing", "a snapshot can't be taken, or a store not be followed", "ERROR", {**_CHILD, **_DURATION},
    Example("no backup is being made: s3://backups: access denied", {"logboom.child": "backup 0"}), lasts=True,
)  # fmt: skip

CONSOLE_SLOW = ServiceEvent(
    "console.slow", "a question of the console to the store took longer than `slow_query`; at most once in ten minutes for the same statement", "WARN",
    {"logboom.statement": "the statement that took longest; `?` stands for each value", "logboom.plan": "how SQLite finds its rows",
     "logboom.seconds": "how long the question took", **_COUNT},
    Example(
        "a question to the store took 2.5 s, 2.4 s of it one statement",
        {"logboom.statement": "SELECT count(*) FROM logs WHERE domain = ? AND time_unix_nano >= ? AND (instr(lower(body), ?) > ?)",
         "logboom.plan": "SEARCH logs USING INDEX logs_domain_time (domain=? AND time_unix_nano>?)", "logboom.seconds": 2.5, "logboom.count": 1},
        "console 0",
    ),
)  # fmt: skip

DEAD_LETTERS_DECIDED = ServiceEvent(
    "console.dead_letters", "somebody asked, in the console, for dead letters to be tried again or given up", "INFO",
    {
        "user.id": "who", "logboom.action": "`replay` or `delete`", "logboom.component": "whose they are", "logboom.records": "records in them",
        "logboom.dead_letters": "the first of them", "logboom.count": "how many",
    },
    Example("anna asked for dead letter 0:17 of exporter/webhook to be tried again: 38 records",
            {"user.id": "anna", "logboom.action": "replay", "logboom.component": "exporter/webhook", "logboom.records": 38,
             "logboom.dead_letters": "0:17", "logboom.count": 1}, "console 0"),
    audited=True,
)  # fmt: skip

# --- of who reads, and what protects people

_READER = {
    "user.id": "who: a user, a subject, id of a key; on this machine the name of its user",
    "logboom.why": "the reason that was given",
    "client.address": "from where",
    "logboom.by": "through what: `console`, `api`, `loki`, `mcp`, `command line`",
}
RECORDS_READ = ServiceEvent(
    "records.read", "records were read: the sum of a minute for a reader, a domain and a kind of question; it goes into the audit log alone", "INFO",
    {
        **_READER, "logboom.domain": "of which domain; `*`: of all", "logboom.shape": "the kind of question: its path, or its words without values",
        "logboom.question": "by what equal questions are known: an HMAC of the first one", "logboom.count": "how many questions", "logboom.since": "the first of them, nanoseconds",
    },
    Example("anna read records of tamyla.com 14 times: /logs",
            {"user.id": "anna", "client.address": "198.51.100.7", "logboom.by": "api", "logboom.domain": "tamyla.com", "logboom.shape": "/logs service:? text",
             "logboom.question": "9f86d081884c7d65", "logboom.count": 14, "logboom.since": 1764511200000000000}, "console 0"),
    audited=True,
)  # fmt: skip
RECORDS_EXPORTED = ServiceEvent(
    "records.exported", "records were downloaded from the console: the sum of a minute, as of what was read", "INFO",
    {
        **_READER, "logboom.domain": "of which domain; `*`: of all", "logboom.shape": "the kind of question", "logboom.question": "by what equal questions are known, of the first one",
        "logboom.count": "how many", "logboom.since": "the first of them, nanoseconds",
    },
    Example("anna downloaded records of tamyla.com 1 times: /logs/export service:?",
            {"user.id": "anna", "client.address": "198.51.100.7", "logboom.by": "api", "logboom.domain": "tamyla.com", "logboom.shape": "/logs/export service:?",
             "logboom.question": "9f86d081884c7d65", "logboom.count": 1, "logboom.since": 1764511200000000000}, "console 0"),
    audited=True,
)  # fmt: skip
PRIVACY_UNMASKED = ServiceEvent(
    "privacy.unmasked", "somebody looked at a record without masks", "INFO",
    {**_READER, "logboom.domain": "of which domain", "logboom.record": "id of the record"},
    Example("anna unmasked a record of tamyla.com: case 1234",
            {"user.id": "anna", "client.address": "198.51.100.7", "logboom.by": "console", "logboom.domain": "tamyla.com", "logboom.why": "case 1234",
             "logboom.record": "01JD8ZK3M9V4Q2T7W5X1Y6B0CR"}, "console 0"),
    audited=True,
)  # fmt: skip
AUDIT_LOST = ServiceEvent(
    "audit.lost", "who read records was not written down: a process ended, or had too many readers, while nobody took it in", "ERROR", _COUNT,
    Example("12 sums of who read records were lost", {"logboom.count": 12}, "console 0"),
    audited=True,
)  # fmt: skip

# --- of personal data

ENCRYPTION_DESTROYED = ServiceEvent(
    "encryption.destroyed", "data keys of a domain were destroyed: what they encrypted is gone, in copies, too", "INFO",
    {"logboom.domain": "whose they were", "logboom.keys": "how many"},
    Example("3 data keys of tamyla.com were destroyed", {"logboom.domain": "tamyla.com", "logboom.keys": 3}, "ingest 0"),
    shown=frozenset({"logboom.keys"}), shown_body="data keys of this domain were destroyed",
    audited=True,
)  # fmt: skip
ENCRYPTION_ROTATED = ServiceEvent(
    "encryption.rotated", "keys of domains are wrapped with another master key from now on", "INFO", {"logboom.master": "id of the master key"},
    Example("keys of domains are wrapped with the master key 9c1f0a7be2d45318 from now on", {"logboom.master": "9c1f0a7be2d45318"}, "ingest 0"),
    audited=True,
)  # fmt: skip
PRIVACY_ERASED = ServiceEvent(
    "privacy.erased", "what a person had, or a domain, was erased wherever logboom can", "INFO",
    {
        "logboom.domain": "whose records they were", "logboom.subject": "keyed hash of the person's value; empty: all of the domain",
        "user.id": "who asked for it", "logboom.reason": "why, in words", "logboom.erasure": "id of the command",
        "logboom.records": "how many records went, over all places", "logboom.places": "the places with their numbers",
        "logboom.not_erased": "exporters that cannot delete at their destinations: `logboom privacy status` says what must be done there",
    },
    Example("subject 5f0c1b9a2d7e4c3b8a6f9e0d1c2b3a49 of tamyla.com erased: 17 records",
            {"logboom.domain": "tamyla.com", "logboom.subject": "5f0c1b9a2d7e4c3b8a6f9e0d1c2b3a49", "user.id": "anna",
             "logboom.reason": "request 1217", "logboom.erasure": "0b8d6f", "logboom.records": 17,
             "logboom.places": "outbox 2, exporter/sqlite 15", "logboom.not_erased": "exporter/splunk_hec"}, "worker 0"),
    shown=frozenset({"logboom.subject", "logboom.records", "logboom.places", "logboom.not_erased", "logboom.erasure"}),
    shown_body="what a person of this domain had, or all of it, was erased", audited=True,
)  # fmt: skip
PRIVACY_EXPORTED = ServiceEvent(
    "privacy.exported", "what there is of a person was written to a file", "WARN",
    {
        "logboom.domain": "whose records they are", "logboom.subject": "keyed hash of the person's value", "user.id": "who asked for it",
        "logboom.reason": "why, in words", "logboom.records": "how many records", "logboom.places": "the places with their numbers",
    },
    Example("subject 5f0c1b9a2d7e4c3b8a6f9e0d1c2b3a49 of tamyla.com exported: 17 records",
            {"logboom.domain": "tamyla.com", "logboom.subject": "5f0c1b9a2d7e4c3b8a6f9e0d1c2b3a49", "user.id": "anna",
             "logboom.reason": "request 1218", "logboom.records": 17, "logboom.places": "outbox 2, exporter/sqlite 15"}, "logboom privacy"),
    shown=frozenset({"logboom.subject", "logboom.records"}), shown_body="what there is of a person of this domain was written to a file",
    audited=True,
)  # fmt: skip

# --- of what goes out

EXPORTER_BLOCKED = ServiceEvent(
    "exporter.blocked", f"the destination refuses everything; nothing is lost, people are needed; {_AT_MOST}", "ERROR", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter elasticsearch is blocked: 401 Unauthorized", {"logboom.exporter": "elasticsearch", "logboom.reason": "401 Unauthorized", "logboom.count": 1}, "worker 0"),
)  # fmt: skip
EXPORTER_RESUMED = ServiceEvent(
    "exporter.resumed", "the destination takes records again, after `exporter.blocked` or `exporter.retrying`", "INFO", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter elasticsearch goes on", {"logboom.exporter": "elasticsearch", "logboom.reason": "accepted after 12 s", "logboom.count": 1}, "worker 0"),
)  # fmt: skip
EXPORTER_RETRYING = ServiceEvent(
    "exporter.retrying", f"an attempt failed and is repeated; {_AT_MOST}", "WARN", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter otlp tries again: UNAVAILABLE", {"logboom.exporter": "otlp", "logboom.reason": "UNAVAILABLE", "logboom.count": 3}, "worker 0"),
)  # fmt: skip
EXPORTER_REJECTED = ServiceEvent(
    "exporter.rejected", f"the destination will never take some records; they are dead letters; {_AT_MOST}", "ERROR", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter elasticsearch set 2 records aside: mapper_parsing_exception", {"logboom.exporter": "elasticsearch", "logboom.reason": "mapper_parsing_exception", "logboom.count": 2}, "worker 0"),
)  # fmt: skip
EXPORTER_PARTIAL = ServiceEvent(
    "exporter.partial", f"the destination took a request with a warning, or not all of it; {_AT_MOST}", "WARN", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter otlp was warned: 5 records were left out", {"logboom.exporter": "otlp", "logboom.reason": "5 records were left out", "logboom.count": 5}, "worker 0"),
)  # fmt: skip
EXPORTER_DROPPED = ServiceEvent(
    "exporter.dropped", f"records for an exporter were given up, as its options say; {_AT_MOST}", "ERROR", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter debug gave up 100 records: max_elapsed_time", {"logboom.exporter": "debug", "logboom.reason": "max_elapsed_time", "logboom.count": 100}, "worker 0"),
)  # fmt: skip
EXPORTER_FAILED = ServiceEvent(
    "exporter.failed", f"an exporter raised an error where it must not: a defect; {_AT_MOST}", "ERROR", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter parrot failed: classify: KeyError", {"logboom.exporter": "parrot", "logboom.reason": "classify: KeyError", "logboom.count": 1}, "worker 0"),
)  # fmt: skip
EXPORTER_LEDGER = ServiceEvent(
    "exporter.ledger", f"what an exporter did could not be made durable; it is tried again; {_AT_MOST}", "ERROR", {**_EXPORTER, **_REASON, **_COUNT},
    Example("exporter sqlite can't write down what it did: the disk is full", {"logboom.exporter": "sqlite", "logboom.reason": "the disk is full", "logboom.count": 1}, "worker 0"),
)  # fmt: skip
EXPORTER_MOVED = ServiceEvent(
    "exporter.moved", "a file of an exporter was moved, deleted, replaced or cut while it was open", "WARN", {**_EXPORTER, **_DURATION},
    Example("exporter file: /var/log/out.json was moved while it was open", {"logboom.exporter": "file"}), lasts=True,
)  # fmt: skip
EXPORTER_LATE = ServiceEvent(
    "exporter.late", "the oldest record that waits for an exporter is older than `max_queue_age`", "WARN", {**_EXPORTER, **_DURATION},
    Example("exporter sqlite is late: its oldest record waits for 320 s", {"logboom.exporter": "sqlite"}), lasts=True,
)  # fmt: skip
EXPORTER_FULL = ServiceEvent(
    "exporter.full", "90 % of an exporter's quota are used", "WARN", {**_EXPORTER, **_DURATION},
    Example("exporter sqlite has used 93% of its quota", {"logboom.exporter": "sqlite"}), lasts=True,
)  # fmt: skip

SERVICE_EVENTS = {each.event_name: each for each in list(globals().values()) if isinstance(each, ServiceEvent)}
"""By the name that records carry."""
