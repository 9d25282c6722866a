"""Secrets told by the name in front of them (`password=…`, `"api_key": "…"`, `--token …`, `<secret>…</secret>`), in text, JSON, also JSON within
JSON, query strings and what is encoded for them.

`password=hunter2` is one whatever it looks like; behind a colon, as in a sentence, it must not be a word of prose (`token: expired`). What stands for
a secret (`****`, `[REDACTED]`, `${TOKEN}`, `null`), a number of tokens and the name of a secret are none.
"""

from __future__ import annotations

import re
from typing import Any

import re2

from collector.privacy.classes.detector import Detector, Span, by_iteration, linear

_KEYS = "api|app|application|access|secret|private|signing|encryption|account|master|auth|license|licence|hmac|ssh|shared|subscription|webhook|storage|client|consumer|deploy"
WORDS = (
    r"pass(?:word|wd|phrase|code)|passwort|kennwort|mot[_ -]?de[_ -]?passe|contrase(?:ñ|n)a|senha|wachtwoord|l(?:ö|o)senord|has(?:ł|l)o|парол(?:ь|я)|密码|パスワード"
    rf"|secret|token|credentials?|(?:{_KEYS})[ _.-]?key|jsessionid|phpsessid|x-amz-signature"
)
"""Names of secrets, whatever stands in front of them; RE2."""
SHORT_WORDS = "pwd|psw|pass|pw|pin|otp|cvv2?|cvc2?|csc|sig|passwd|bearer|sid|connect\\.sid"
"""The same, of names that they are alone, or the last part of."""
_IS = r"\\*[\"']?\]?\s{0,3}(?:={1,3}>?|:=?|%3[DdAa])"
_MORE = r"(?:[_.-]?(?:value|string|text|hash|plain|base64|b64|old|new|current|confirm(?:ation)?|\d))?"
_NAME = rf"(?i)(?:{WORDS}|(?:\b|[_.-])(?:{SHORT_WORDS})){_MORE}(?:%22|%27)?{_IS}"
_OPTION = rf"(?i)--?[\w-]{{0,32}}(?:{WORDS})[ \t]+"
_ELEMENT = rf"(?i)<[\w:-]{{0,32}}(?:{WORDS})>"
_SPOKEN = (
    r"(?i)(?:(?:\b(?:api)?key|\btoken|\bsecret)[ \t]{1,3}[\"'`]?[0-9A-Za-z_./+=-]{16}"
    r"|\b(?:passw(?:or)?d|passphrase)[ \t]{1,3}(?:(?:is|was)[ \t]{1,3}[\"'`]?[^\s]{0,64}[0-9]|[\"'`][^\s*\"'`]))"
)
"""As people say it: `API key 8f14…`, `password is hunter2`, `password 'hunter2'`."""
_SOMETHING = r"[\s\"'\\%]{0,12}[^*\s\"'\\]"
_LIKELY = rf"(?:{_NAME}|{_OPTION}|{_ELEMENT}){_SOMETHING}|{_SPOKEN}"
_VALUE = re.compile(
    r"""(?x) \s{0,3}
    (?: (?P<deep>\\{1,7}["'])(?P<in_deep>(?:(?!\\{1,7}["']).){1,4096})
      | "(?P<double>(?:[^"\\]|\\.){1,4096})" | '(?P<single>(?:[^'\\]|\\.){1,4096})'
      | %2[27](?P<encoded>(?:(?!%2[27])[^\s&"'<>]){1,4096})
      | ["']?(?P<bare>[^\s"'<>,;&|)\]}\\][^\s"'<>,;&)\]}\\]{0,4095}) )""",
    re.DOTALL,
)
_NOTHING = re.compile(
    r"(?i)(?:\*+|x{3,}|\.{2,}|-+|null|nil|none|undefined|empty|true|false|yes|no|\[?\(?<?(?:redacted|filtered|masked|hidden|removed|secret|omitted|sensitive)>?\)?\]?"
    r"|\$?\{.*|\$\(?\w+\)?|%[sdvq]|<.*|\[.*|enc:1:[\w-]+:[\w+/=-]+|hmac:[0-9a-f]{32}|%5B.*|%2A+|env:.*|file:.*|vault:.*|os\.environ.*|process\.env.*)\Z"
)
_PROSE = re.compile(
    r"(?i)(?:"
    r"expired|invalid|missing|required|wrong|incorrect|denied|failed|not|unexpected|ok|valid|unknown|changed|reset"
    r"|too|must|should|is|was|has|have|the|a|an|for|of|in|and|or|with|from|by|to|at|on|be|been|are|were|could|cannot"
    r"|can't|if|when|bearer|basic|digest|string|number|int|boolean|text|hidden|provided|set|unset|error|accepted"
    r"|rejected|refused|updated|created|deleted|revoked|rotated|generated|correct|mismatch|verified"
    r")[.!?]*\Z"
)
_FLAGS = frozenset((
    "next", "page", "pagination", "continuation", "cursor", "sync", "max", "min", "num", "total", "has", "is", "enable", "enabled", "use", "uses",
    "require", "requires", "allow", "show", "hide",
))  # fmt: skip
"""`next_page_token`, `hasPassword`: the last part of a name before what would be a secret's."""
_OF_PARSERS = ("unexpected", "expected", "illegal")
_LAST_WORD = re.compile(r"[A-Z]?[a-z]{1,16}\Z|[A-Z]{1,16}\Z")
_CALL = re.compile(r"[A-Za-z_][\w.]*\(")
_ALPHABETIC = re.compile(r"[^\W\d_]+[.!?]?\Z")
_BEFORE = 18
_ENCODED_END = re.compile(r"%2[26cC7]|%7[dD]|%0[aAdD]")


def _named(text: str, match: Any) -> Span | None:
    name = match.group()
    if _is_other_name(text, match.start()):
        return None
    value = _VALUE.match(text, match.end())
    if value is None:
        return None
    kind = value.lastgroup or ""
    kind = "in_deep" if kind == "deep" else kind
    begin, end = value.span(kind)
    encoded = name[-3:].lower() in ("%3d", "%3a")
    if encoded and (stop := _ENCODED_END.search(text, begin, end)) is not None:
        end = stop.start()
    return _kept(text, begin, end, kind, name)


def _is_other_name(text: str, begin: int) -> bool:
    """Whether what stands in front makes it the name of something that is no secret."""
    front = text[max(begin - _BEFORE, 0) : begin]
    if not front:
        return False
    if front[-1] == " ":
        return front.rstrip().lower().endswith(_OF_PARSERS)
    own = text[begin]
    if not (front[-1] in "_-." or own in "_-." or (front[-1].islower() and own.isupper())):
        return False
    word = _LAST_WORD.search(front.rstrip("_-."))
    return word is not None and word.group().lower() in _FLAGS


def _kept(text: str, begin: int, end: int, kind: str, name: str) -> Span | None:
    found = text[begin:end]
    if not found or _NOTHING.match(found) is not None:
        return None
    if kind == "bare":
        if _is_path(name, found) or _is_count(name, found) or _is_call(text, found, end):
            return None
        if name.endswith((":", ": ")) and not _looks_secret(text, found, end):
            return None
        if _PROSE.match(found) is not None and not name.endswith("="):
            return None
        stripped = found.rstrip(".:") if not name.endswith("=") else found
        end -= len(found) - len(stripped or found)
    return begin, end


def _is_path(name: str, found: str) -> bool:
    return name[:3].lower() == "pwd" and found[0] in "/~"


def _is_count(name: str, found: str) -> bool:
    word = name.lower().strip("_.- ")
    return word.startswith(("pass:", "pass=", "pw:", "sid")) and found.isdigit()


def _is_call(text: str, found: str, end: int) -> bool:
    return text[end : end + 1] == "(" or _CALL.match(found) is not None


def _looks_secret(text: str, found: str, end: int) -> bool:
    """Behind a colon: no word of a sentence."""
    if _ALPHABETIC.match(found) is None:
        return True
    if _PROSE.match(found) is not None:
        return False
    behind = text[end : end + 2]
    return not (behind[:1] == " " and behind[1:].isalpha()) and found[1:].lower() != found[1:]


_by_name = by_iteration(linear(_NAME), _named)
_OPTION_VALUE = re.compile(r"\\*[\"']?([^\s\"'-][^\s\"']{0,4095})")
_SPOKEN_VALUE = re.compile(r"(?i)(\w+)[ \t]{1,3}(?:(?:is|was)[ \t]{1,3})?[\"'`]?([^\s\"'`,;)]{1,4096})")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ELEMENT_VALUE = re.compile(r"([^<>]{1,4096})</")


def _option(text: str, match: Any) -> Span | None:
    value = _OPTION_VALUE.match(text, match.end())
    return None if value is None or _NOTHING.match(value.group(1)) else value.span(1)


def _spoken(text: str, match: Any) -> Span | None:
    value = _SPOKEN_VALUE.match(text, match.start())
    if value is None:
        return None
    found = value.group(2)
    mixed = any(map(str.isdigit, found)) and any(map(str.isalpha, found))
    quoted = text[value.start(2) - 1] in "\"'`" and value.group(1)[:4].lower() == "pass"
    good = quoted or (mixed and _UUID.match(found) is None and ("/" not in found or not found.islower()))
    return value.span(2) if good and _NOTHING.match(found) is None else None


def _element(text: str, match: Any) -> Span | None:
    value = _ELEMENT_VALUE.match(text, match.end())
    return None if value is None or _NOTHING.match(value.group(1)) else value.span(1)


_by_option, _by_element = by_iteration(linear(_OPTION), _option), by_iteration(linear(_ELEMENT), _element)
_by_words = by_iteration(linear(_SPOKEN), _spoken)


def _spans(text: str) -> list[Span]:
    found = _by_name(text) + _by_words(text)
    if "--" in text:
        found += _by_option(text)
    return found + _by_element(text) if "</" in text else found


NAMED = Detector("secret", _LIKELY, _spans)
_KEY = re2.compile(rf"(?i)(?:{WORDS}|(?:^|[_.-])(?:{SHORT_WORDS})|authorization|(?:^|[_.-])(?:set-)?cookie){_MORE}$")


def is_secret_name(key: str) -> bool:
    """Whether an attribute or a member of a map of that name is a secret."""
    match = _KEY.search(key)
    return match is not None and not _is_other_name(key, match.start())


def stands_for_secret(text: str) -> bool:
    """Whether it is no secret itself: `****`, `[REDACTED]`, `null`."""
    return _NOTHING.match(text) is not None


def is_prose(word: str) -> bool:
    """Whether sentences about secrets have that word in the place of one: `expired`."""
    return _PROSE.match(word) is not None
