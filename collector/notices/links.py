"""What people may do about a notice by following a link: for its reader alone, never in a ticket that others read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from collector.notices.notice import Notice
from collector.notices.wording import one_line, shortened
from collector.signed_links import Act, Signer

_HOUR, _DAY = 3600, 86_400
_ACTS = (("ack", 0), ("silence", _HOUR), ("silence", _DAY), ("resolve", 0))
_MOST_ABOUT, _MOST_LABEL = 80, 70
_ASKED_SECS, _MOST_ASKED = 1800, 3
"""What waits for an approval waits for so long; so many of them have links."""


@dataclass(frozen=True, slots=True)
class Link:
    """A thing that can be done. `token`: the same, for a place that hands it back itself (a button)."""

    verb: str
    label: str
    url: str
    token: str


def links(notice: Notice, signer: Signer | None, via: str) -> Sequence[Link]:
    """Those of a notice that goes on; the same at each attempt to send it. `via`: the exporter."""
    if signer is None or not notice.firing:
        return ()
    begins = notice.at // 1_000_000_000 or int(time.time())
    expires = begins + int(signer.lifetime_secs)
    acts = [
        Act(verb, notice.domain, notice.group, expires, seconds, via, _about(notice))
        for verb, seconds in _ACTS
        if not (verb == "ack" and notice.acknowledged)
    ]
    asked = list(notice.asks.items())[:_MOST_ASKED]
    until = min(expires, begins + _ASKED_SECS)
    first = [
        Act(verb, notice.domain, id_, until, 0, via, shortened(one_line(what), _MOST_ABOUT))
        for id_, what in asked
        for verb in ("approve", "deny")
    ]
    return [*(_link(act, signer, named=True) for act in first), *(_link(act, signer) for act in acts)]


def _link(act: Act, signer: Signer, *, named: bool = False) -> Link:
    token = signer.token(act)
    label = f"{act.label}: {act.about}" if named else act.label
    return Link(act.verb, shortened(label, _MOST_LABEL), signer.url(token), token)


def _about(notice: Notice) -> str:
    """Where it is, without what records say."""
    told = [notice.labels[name] for name in ("service", "component", "environment") if notice.labels.get(name)]
    return shortened(one_line("/".join(told)), _MOST_ABOUT)
