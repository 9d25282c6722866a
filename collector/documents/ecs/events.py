"""What kind of event a record is: `event.kind`, `event.category`, `event.type`, `event.outcome` and `rule.*`, as Elastic
Security reads them.

kind      alert for logboom's own findings (alerts, issues, anomalies), else event. An ordinary record is no alert however
          critical it is: the detection rules of Elastic Security make alerts of events
category  authentication (a login or logout), web (an HTTP exchange), database, intrusion_detection and malware (by the
          rule that triage found); none where nothing says so
type      start or end of a session, access, error, info, denied: those that the schema expects of the categories
outcome   success or failure by the response, else failure for errors and failed logins; absent where unknown
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.distinct import few_rows
from collector.documents.facts.activity import LOGIN, LOGOUT, PATHS, activities, refused
from collector.documents.nested import Columns, Fields, Text

RULESET = "logboom"
_FINDING = r"^logboom\.(alert|issue|anomaly)(\.|$)"
_MALWARE_RULE = "security/malware"
_ERROR_SEVERITY = 17


def event_fields(batch: LogBatch, own: Fields) -> Columns:
    """Worked out once for records that say the same. `own`: the record's attributes under the schema's names."""
    rows, place = few_rows(_said(batch, own))
    login, logout, web, database, threat, malware, failed = (pl.col(name) for name in _TESTS)
    rows = rows.with_columns(**_tests()).with_columns(failed=_failed())
    categories = {"authentication": login | logout, "web": web, "database": database, "malware": malware}
    categories["intrusion_detection"] = threat & ~malware
    any_category = pl.any_horizontal(*categories.values())
    access = web | database
    types = {"start": login, "end": logout, "access": access, "error": failed & (access | ~any_category)}
    types["info"] = threat | malware | ~(pl.any_horizontal(*types.values()))
    told = rows.select(
        pl.when(pl.col("event_name").str.contains(_FINDING))
        .then(pl.lit("alert"))
        .otherwise(pl.lit("event"))
        .alias("kind"),
        _listed(categories).alias("category"),
        _listed(types).alias("type"),
        _outcome().alias("outcome"),
        (~pl.col("rule").is_null()).alias("ruled"),
        pl.col("rule").str.extract(r"^([^/]+)/").alias("rule_category"),
    )
    ruleset = told.select(pl.when("ruled").then(pl.lit(RULESET))).to_series()
    columns = [
        ("event.kind", Text(told.get_column("kind"), quotes=True)),
        ("event.category", Text(told.get_column("category"))),
        ("event.type", Text(told.get_column("type"))),
        ("event.outcome", Text(told.get_column("outcome"), quotes=True)),
        ("rule.name", Text.of(rows.get_column("rule"))),
        ("rule.category", Text.of(told.get_column("rule_category"))),
        ("rule.ruleset", Text(ruleset, quotes=True)),
    ]
    return Columns(columns, place)


_TESTS = ("login", "logout", "web", "database", "threat", "malware", "failed")


def _said(batch: LogBatch, own: Fields) -> pl.DataFrame:
    """The few facts that decide."""
    nothing = pl.repeat(None, len(batch), dtype=pl.String, eager=True)

    def field(key: str) -> pl.Series:
        found = own.column(key)
        return nothing if found is None else found

    status = field("http.response.status_code")
    method = field("http.request.method")
    rule = batch.attribute_text("logboom.triage.rule")
    systems = [own.column(f"labels.db_{name}") for name in ("system", "system_name", "statement", "query_text")]
    database = [system.is_not_null() for system in systems if system is not None]
    return pl.DataFrame(
        {
            "event_name": batch.column("event_name"),
            "rule": rule,
            "activity": activities(batch.column("event_name"), _paths(batch, method), method, rule),
            "refused": refused(rule, len(batch)),
            "error": batch.attribute_text("logboom.error_type"),
            "exception": field("error.type").is_not_null(),
            "severe": batch.column("severity_number") >= _ERROR_SEVERITY,
            "status": status.str.slice(0, 1) if status.null_count() < len(status) else status,
            "exchange": status.is_not_null() | method.is_not_null(),
            "queried": pl.select(pl.any_horizontal(database)).to_series()
            if database
            else pl.Series([False]).new_from_index(0, len(batch)),
        }
    )


def _paths(batch: LogBatch, method: pl.Series) -> pl.Series | None:
    """Only where there is a POST to ask about."""
    if not (method == "POST").any():
        return None
    return pl.select(pl.coalesce(pl.lit(batch.attribute_text(key)) for key in PATHS).alias("path")).to_series()


def _tests() -> dict[str, pl.Expr]:
    rule = pl.col("rule").fill_null("")
    return {
        "login": pl.col("activity") == LOGIN,
        "logout": pl.col("activity") == LOGOUT,
        "web": pl.col("exchange"),
        "database": pl.col("queried"),
        "threat": rule.str.starts_with("security/"),
        "malware": rule == _MALWARE_RULE,
    }


def _failed() -> pl.Expr:
    error = pl.col("error").is_in(["exception", "error"]).fill_null(False)
    return error | pl.col("severe") | pl.col("exception") | pl.col("status").is_in(["5"]).fill_null(False)


def _outcome() -> pl.Expr:
    status = pl.col("status")
    by_status = (
        pl.when(status.is_in(["1", "2", "3"]))
        .then(pl.lit("success"))
        .when(status.is_in(["4", "5"]))
        .then(pl.lit("failure"))
    )
    return pl.coalesce(by_status, pl.when(pl.col("failed") | pl.col("refused")).then(pl.lit("failure")))


def _listed(tests: dict[str, pl.Expr]) -> pl.Expr:
    """`["a","b"]` of the names that apply; null for none."""
    names = [pl.when(test).then(pl.lit(f'"{name}"')) for name, test in tests.items()]
    joined = pl.concat_str(names, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str(pl.lit("["), joined, pl.lit("]")))
