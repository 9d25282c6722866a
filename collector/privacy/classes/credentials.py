"""Secrets told by the place at which they stand: headers that authorize, cookies, the userinfo of an address."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from collector.privacy.classes.detector import Detector, Span, by_iteration, linear
from collector.privacy.classes.named_secrets import is_prose, stands_for_secret

_HEADER = linear(r"(?i)\b(?:[a-z]+-)?authorization\\*[\"']?\]?\s{0,3}(?:=>?|:)\s{0,3}\[?\\*[\"']?")
_SCHEME = re.compile(
    r"(?i)(?:(bearer|basic|token|apikey|digest|negotiate|ntlm|hawk|aws4-hmac-sha256|[\w-]{2,32})[ \t]{1,4})?([^\s\"'\]\\]{1,8192})"
)
_TO_THE_END = re.compile(r"[^\r\n\]}']{1,8192}")
_ALONE = linear(r"\b(?i:bearer|basic)[ \t]+[0-9A-Za-z+/._~=-]{8,}")
_COOKIE = linear(r"(?i)\b(?:set-)?cookie\\*[\"']?\]?\s{0,3}[:=]\s{0,3}\[?\\*[\"']?[^\s=;,\"']{1,128}=")
_COOKIES = re.compile(r"[^\r\n\"'\\\]]{1,8192}")
_USERINFO = linear(r"(?i)[a-z][a-z0-9+.-]{1,24}://[^\s/?#\"'<>@]*(?:@[^\s/?#\"'<>@]*)*@")
_LIKELY = r"(?i:authorization\\*[\"']?\]?\s{0,3}[=:])|\b(?i:bearer|basic)[ \t]+[0-9A-Za-z+/._~=-]{8}|(?i:cookie\\*[\"']?\]?\s{0,3}[:=])|://[^\s/?#\"'<>@]*@"
_SHORT, _LONG = 8, 20
_NO_PASSWORD = "x-oauth-basic"  # noqa: S105 - of whoever logs in by a token alone


def _header(text: str, match: Any) -> Span | None:
    found = _SCHEME.match(text, match.end())
    if found is None:
        return None
    scheme, (begin, end) = (found.group(1) or "").lower(), found.span(2)
    if scheme not in ("", "bearer", "basic", "token", "apikey", "negotiate", "ntlm"):
        if scheme in ("digest", "hawk", "aws4-hmac-sha256"):
            whole = _TO_THE_END.match(text, begin)
            return None if whole is None or stands_for_secret(whole.group().strip()) else (begin, whole.end())
        begin = found.start()
        return None if text[begin:].lower().startswith(scheme + " ") and scheme.isalpha() else (begin, end)
    value = text[begin:end].rstrip(",;.")
    if stands_for_secret(value) or (
        value.isalpha() and (len(value) < _SHORT or is_prose(value) or (not scheme and len(value) < _LONG))
    ):
        return None
    return begin, begin + len(value)


def _alone(text: str, match: Any) -> Span | None:
    begin = match.end() - len(match.group().split(maxsplit=1)[1])
    value = text[begin : match.end()].rstrip(".")
    basic = match.group()[:5].lower() == "basic"
    good = _is_pair(value) if basic else any(map(str.isdigit, value)) or len(value) >= _LONG
    return (begin, begin + len(value)) if good and not stands_for_secret(value) else None


def _is_pair(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=False)
    except (binascii.Error, ValueError):
        return False


def _cookie(text: str, match: Any) -> Span | None:
    begin = match.end()
    begin -= len(re.split(r"[\s\"':\[]|(?<![^\s\"':\[])=", match.group())[-1])
    found = _COOKIES.match(text, begin)
    return (
        None
        if found is None or all(stands_for_secret(each.partition("=")[2]) for each in found.group().split(";"))
        else found.span()
    )


def _userinfo(text: str, match: Any) -> Span | None:
    begin = match.group().index("://") + 3 + match.start()
    user, colon, password = text[begin : match.end() - 1].partition(":")
    if colon and password and password != _NO_PASSWORD:
        return None if stands_for_secret(password) else (begin + len(user) + 1, match.end() - 1)
    opaque = len(user) >= _LONG and any(map(str.isdigit, user))
    return (begin, begin + len(user)) if (opaque or (colon and user)) and not stands_for_secret(user) else None


_by_header, _by_scheme, _by_cookie, _by_userinfo = (
    by_iteration(*each) for each in ((_HEADER, _header), (_ALONE, _alone), (_COOKIE, _cookie), (_USERINFO, _userinfo))
)


def _spans(text: str) -> list[Span]:
    folded = text.lower()
    found = _by_header(text) if "authorization" in folded else []
    found += _by_scheme(text) if "bearer" in folded or "basic" in folded else []
    found += _by_cookie(text) if "cookie" in folded else []
    return found + _by_userinfo(text) if "://" in text and "@" in text else found


CREDENTIALS = Detector("secret", _LIKELY, _spans)
