"""Which event class each record is. The first that applies:

Detection Finding  2004  an alert, issue or anomaly event of logboom (`event_name`); an ordinary record never, however
                         critical: its level stands in `severity_id` and in the enrichment
Authentication     3002  a login or logout (event name, endpoint of a POST, triage rule) of a known user at a named service
HTTP Activity      4002  a finished exchange: request method and status code, as attributes or as a line of a web
                         server's access log (before 1.4 also both ends, see `Edition`)
Application Error  6008  severity ERROR and above, or an exception; from 1.4 on
API Activity       6003  a known user at a known address calls a named operation
Base Event            0  everything else
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.documents.ocsf import login
from collector.documents.ocsf.catalogue import API, BASE, ERROR, FINDING, HTTP, LOGIN, Edition, EventClass
from collector.documents.ocsf.endpoints import Ends
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.finding import findings
from collector.documents.ocsf.requests import METHOD, STATUS, known_methods, operation
from collector.documents.ocsf.users import known_users

CLASSES = (BASE, FINDING, LOGIN, HTTP, ERROR, API)
_ERROR_SEVERITY = 17


def classify(batch: LogBatch, part: Part, ends: Ends, edition: Edition) -> npt.NDArray[np.uint8]:
    """The position in `CLASSES` of each record's class; `part` holds all records."""
    tests = {
        FINDING: findings(batch),
        LOGIN: login.logins(batch, part, ends),
        HTTP: _exchanges(part, ends, edition),
        ERROR: _errors(batch, part) & edition.application_error,
        API: _calls(part, ends),
    }
    found = np.full(len(batch), CLASSES.index(BASE), dtype=np.uint8)
    for event, applies in reversed(tests.items()):
        found[applies] = CLASSES.index(event)
    return found


def of_class(classes: npt.NDArray[np.uint8], event: EventClass) -> npt.NDArray[np.int64]:
    """The records of a class."""
    return np.flatnonzero(classes == CLASSES.index(event))


def _exchanges(part: Part, ends: Ends, edition: Edition) -> Mask:
    status = part.number(*STATUS, low=100, high=599, take=False)
    if status is None:
        return part.present()
    whole: Mask = part.present(*METHOD) & status.is_not_null().to_numpy()
    if edition.http_needs_destination:
        whole &= ends.has_destination & known_methods(part, edition)
    return whole & ends.has_source if edition.http_needs_both_ends else whole


def _errors(batch: LogBatch, part: Part) -> Mask:
    severe: Mask = (batch.column("severity_number") >= _ERROR_SEVERITY).to_numpy()
    typed = part.text("logboom.error_type", take=False)
    if typed is not None:
        severe = severe | typed.is_in(["exception", "error"]).fill_null(False).to_numpy()
    return severe | part.present("exception.type", "exception.message")


def _calls(part: Part, ends: Ends) -> Mask:
    possible = known_users(part) & ends.has_client
    named = operation(part, take=False) if possible.any() else None
    return part.present() if named is None else possible & named.is_not_null().to_numpy()
