"""E-mail addresses: RFC 5322's dot-atom at a name of hosts with a top-level domain, also of other alphabets (RFC 6531), also in an address
bar (`%40`).

None: `root@web01` (no domain), the user of an SSH address (`git@host:path`), ids of messages (`message-id=<…>`), units of systemd
(`getty@tty1.service`), versions (`lodash@4.17.21`), files (`logo@2x.png`), objects (`Order@1b6d3586`).
"""

from __future__ import annotations

import re

from collector.privacy.classes.detector import Detector, Span

_AT = re.compile(r"@|%40|\\u0040")
_LOCAL = re.compile(r"(?:[\w.+'~&!#$-]|%2[Bb])+\Z")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_](?:[\w-]{0,61}[^\W_])(?![\w-])")
_LIKELY = r"(?:@|%40|\\u0040)[^\s@.,;/%]{1,63}\."
_NO_DOMAINS = re.compile(
    r"(?i)(?:service|socket|mount|automount|timer|target|slice|scope|device|path|swap|png|jpg|jpeg|gif|svg|webp|ico|bmp|css|js|jsx"
    r"|mjs|map|json|yaml|yml|xml|html|htm|txt|log|gz|zip|tar|jar|war|exe|dll|conf|cfg|ini|lock|tmp|bak)\Z"
)
_OF_MESSAGE = re.compile(
    r"(?i)(?:message|msg|in-reply-to|references|content)[_-]?(?:id)?[\"']?\s{0,2}[=:]\s{0,2}[\"']?<?\Z"
)
_ENCODED = re.compile(r"(?:[\w.&-]*%3[DdAa])+|(?:[\w.-]+&)+")
_IN_URL = re.compile(r"://[^\s/?#\"'<>]{0,64}\Z")
_SSH_USERS = ("git", "hg", "svn")
_LONGEST_LOCAL, _BEFORE = 64, 48


def _spans(text: str) -> list[Span]:
    found: list[Span] = []
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        local = _LOCAL.search(text, max(at.start() - _LONGEST_LOCAL, 0), at.start()) if domain else None
        if domain is None or local is None or _NO_DOMAINS.match(domain.group().rpartition(".")[2]):
            continue
        begin = _begin(local.group(), local.start())
        if begin < at.start() and not _is_other(text, begin, domain.end(), text[begin : at.start()], domain.group()):
            found.append((begin, domain.end()))
    return found


def _begin(local: str, begin: int) -> int:
    """Without what stands in front in a query, or as a quote."""
    encoded = _ENCODED.match(local)
    kept = local[encoded.end() :] if encoded else local
    return begin + len(local) - len(kept.lstrip("'&!#$~.-"))


def _is_other(text: str, begin: int, end: int, local: str, domain: str) -> bool:
    front = text[max(begin - _BEFORE, 0) : begin]
    labels = domain.split(".")
    if labels[0].isdigit() and labels[1][0].isdigit():
        return True  # lodash@4.17.21-beta.rc
    if local in _SSH_USERS and text[end : end + 1] == ":":
        return True
    in_url = _IN_URL.search(front) is not None
    return in_url or front[-1:] == "@" or _OF_MESSAGE.search(front) is not None


EMAIL = Detector("email", _LIKELY, _spans)
