"""Times as texts by a strptime layout, with the letters and the leniency of the OpenTelemetry Collector.

%Y %y  %m %o %q  %b %h %B  %d %e %g  %a %A  %H %I %l  %p %P  %M %S  %L %f %s (ms, us, ns)  %z %Z %i %j %k %w
%D %x %F %T %X %r %R %c  %n %t %%
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from collector.ottl.plain.kinds import Time


class LayoutError(ValueError):
    """A layout with an unknown letter, a text that does not fit it, an unknown zone."""


_WHOLE: Mapping[str, str] = {
    "D": "%m/%d/%Y", "x": "%m/%d/%Y", "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "r": "%I:%M:%S %p",
    "R": "%H:%M", "c": "%a %b %d %H:%M:%S %Y", "n": "\n", "t": "\t", "%": "%",
}  # fmt: skip
_NUMBERS: Mapping[str, tuple[str, str]] = {
    "Y": ("year", r"\d{4}"), "y": ("short_year", r"\d{2}"), "m": ("month", r"\d{2}"), "o": ("month", r" ?\d{1,2}"),
    "q": ("month", r"\d{1,2}"), "d": ("day", r"\d{2}"), "e": ("day", r" ?\d{1,2}"), "g": ("day", r"\d{1,2}"),
    "H": ("hour", r"\d{1,2}"), "I": ("hour12", r"\d{2}"), "l": ("hour12", r" ?\d{1,2}"), "M": ("minute", r"\d{2}"),
    "S": ("second", r"\d{2}"), "L": ("fraction", r"\d+"), "f": ("fraction", r"\d+"), "s": ("fraction", r"\d+"),
}  # fmt: skip
_ZONES: Mapping[str, str] = {
    "z": r"Z|[+-]\d{4}", "i": r"[+-]\d{2}", "j": r"[+-]\d{2}:\d{2}", "k": r"[+-]\d{2}:\d{2}:\d{2}", "w": r"[+-]\d{6}",
    "Z": r"[A-Z][A-Za-z]{1,4}(?:[+-]\d{1,2})?",
}  # fmt: skip
_FRACTIONS = {"L": 3, "f": 6, "s": 9}


@dataclass(frozen=True, slots=True)
class Locale:
    """The words of a language, lower case; short ones are beginnings of the long ones unless given."""

    months: tuple[str, ...]
    days: tuple[str, ...]
    short_months: tuple[str, ...]
    halves: tuple[str, str] = ("am", "pm")


def _locale(months: str, days: str, short: str, halves: tuple[str, str] = ("am", "pm")) -> Locale:
    return Locale(tuple(months.split()), tuple(days.split()), tuple(short.split()), halves)


LOCALES: Mapping[str, Locale] = {
    "en": _locale(
        "january february march april may june july august september october november december",
        "monday tuesday wednesday thursday friday saturday sunday",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    ),
    "de": _locale(
        "januar februar märz april mai juni juli august september oktober november dezember",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "jan. feb. märz apr. mai juni juli aug. sept. okt. nov. dez.",
    ),
    "es": _locale(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
        "ene feb mar abr may jun jul ago sept oct nov dic",
        ("a.m.", "p.m."),
    ),
    "fr": _locale(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    ),
    "it": _locale(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "gen feb mar apr mag giu lug ago set ott nov dic",
    ),
    "nl": _locale(
        "januari februari maart april mei juni juli augustus september oktober november december",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
        ("a.m.", "p.m."),
    ),
    "pt": _locale(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
        "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
    ),
}  # fmt: skip
"""Languages of month and day names, by the first part of a tag such as `es-ES`."""


@lru_cache(256)
def zone_of(location: str) -> tzinfo:
    """A zone by its name in the time zone database; "" = the machine's own. Raises `LayoutError`."""
    if location in ("", "Local"):
        return _Local()
    if location == "UTC":
        return UTC
    try:
        return ZoneInfo(location)
    except Exception:  # noqa: BLE001 - ZoneInfo raises ValueError, OSError and its own for odd names
        raise LayoutError(f"unknown time zone {location}") from None


class _Local(tzinfo):
    """The machine's zone, as `datetime.astimezone` knows it."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        naive = (moment or datetime.now()).replace(tzinfo=None)
        return naive.astimezone().utcoffset() or timedelta()

    def dst(self, moment: datetime | None) -> timedelta:  # noqa: ARG002 - the contract of tzinfo
        return timedelta()

    def tzname(self, moment: datetime | None) -> str:
        return (moment or datetime.now()).replace(tzinfo=None).astimezone().tzname() or ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout, ready to read and write."""

    pieces: tuple[tuple[str, str], ...]
    expression: re.Pattern[str]
    locale: Locale

    def parse(self, text: str, zone: tzinfo) -> Time:
        """The time; in `zone` where the text names none. A year that is left out is this one, or the last one where that would be
        more than seven days ahead. Raises `LayoutError`."""
        match = self.expression.fullmatch(text)
        if match is None:
            raise LayoutError(f"{text!r} does not fit the layout")
        found = {name.rpartition("_")[0]: value for name, value in match.groupdict().items() if value is not None}
        try:
            return _moment(found, self.locale, zone)
        except ValueError as error:
            raise LayoutError(f"{text!r}: {error}") from None

    def format(self, moment: Time) -> str:
        """The time as a text, in its own zone."""
        whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment.nanoseconds // 10**9)
        local = whole.astimezone(timezone(timedelta(seconds=moment.offset_secs)))
        return "".join(
            value if not kind else _written(kind, local, moment.nanoseconds % 10**9) for kind, value in self.pieces
        )


@lru_cache(512)
def layout_of(pattern: str, locale: str) -> Layout:
    """Raises `LayoutError` for a letter that there is not."""
    pieces = tuple(_pieces(pattern))
    words = LOCALES.get(locale.split("-", maxsplit=1)[0].split("_", maxsplit=1)[0], LOCALES["en"])
    parts = []
    for at, (kind, literal) in enumerate(pieces):
        following = pieces[at + 1 : at + 3]
        parts.append(
            _expression(kind, literal, at, words, fraction_follows=any(one in _FRACTIONS for one, _ in following))
        )
    return Layout(pieces, re.compile("".join(parts), re.IGNORECASE | re.ASCII), words)


def _pieces(pattern: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        if pattern[at] != "%":
            found.append(("", pattern[at]))
            at += 1
            continue
        letter = pattern[at + 1 : at + 2]
        at += 2
        if letter in ("%", "n", "t"):
            found.append(("", _WHOLE[letter]))
        elif letter in _WHOLE:
            found += _pieces(_WHOLE[letter])
        elif letter in _NUMBERS or letter in _ZONES or (letter in "bhBaApP" and letter):
            found.append((letter, ""))
        else:
            raise LayoutError(f"unsupported directive %{letter}" if letter else "the layout ends with %")
    return found


def _expression(kind: str, literal: str, at: int, words: Locale, *, fraction_follows: bool) -> str:
    if not kind:
        return r"\s+" if literal == " " else re.escape(literal)
    if kind in _NUMBERS:
        name, digits = _NUMBERS[kind]
        more = rf"(?:[.,](?P<fraction_{at}>\d+))?" if kind == "S" and not fraction_follows else ""
        return f"(?P<{name}_{at}>{digits}){more}"
    if kind in _ZONES:
        return f"(?P<{'abbreviation' if kind == 'Z' else 'offset'}_{at}>{_ZONES[kind]})"
    if kind in "pP":
        return f"(?P<half_{at}>{'|'.join(map(re.escape, (*words.halves, 'am', 'pm')))})"
    if kind in "aA":
        return r"[^\s\d,;]+"
    return rf"(?P<month_name_{at}>[^\s\d,;/-]+)"


def _moment(found: dict[str, str], words: Locale, zone: tzinfo) -> Time:
    year, month, day = _date(found, words)
    hour = int(found.get("hour", found.get("hour12", "0")))
    if "half" in found and "hour12" in found:
        hour = hour % 12 + (12 if found["half"].lower().startswith("p") else 0)
    fraction = (found.get("fraction") or "0")[:9].ljust(9, "0")
    parts = (month, day, hour, int(found.get("minute", 0)), int(found.get("second", 0)))
    zone = _zone(found, zone)
    moment = datetime(year or _likely_year(parts, zone), *parts, tzinfo=zone)
    offset = moment.utcoffset() or timedelta()
    seconds = int((moment.replace(tzinfo=UTC) - offset - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return Time(seconds * 10**9 + int(fraction), int(offset.total_seconds()))


def _date(found: dict[str, str], words: Locale) -> tuple[int, int, int]:
    year = int(found.get("year", 0))
    if "short_year" in found:
        short = int(found["short_year"])
        year = short + (1900 if short >= 69 else 2000)
    month = int(found.get("month", 1))
    if "month_name" in found:
        month = _month(found["month_name"].lower(), words)
    return year, month, int(found.get("day", 1))


def _month(name: str, words: Locale) -> int:
    for names in (words.months, words.short_months):
        if name in names:
            return names.index(name) + 1
    bare = name.rstrip(".")
    near = [at for at, one in enumerate(words.months) if len(bare) >= 3 and one.startswith(bare)]
    if len(near) != 1:
        raise ValueError(f"no month {name}")
    return near[0] + 1


def _zone(found: dict[str, str], zone: tzinfo) -> tzinfo:
    if "offset" in found:
        written = found["offset"]
        if written in "Zz":
            return UTC
        digits = written[1:].replace(":", "").ljust(6, "0")
        secs = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
        return timezone(timedelta(seconds=-secs if written[0] == "-" else secs))
    if "abbreviation" in found:
        name = found["abbreviation"].upper()
        if name in ("UTC", "Z"):
            return UTC
        return zone_of(name)
    return zone


def _likely_year(parts: tuple[int, int, int, int, int], zone: tzinfo) -> int:
    now = datetime.now(UTC).astimezone(zone)
    try:
        moment = datetime(now.year, *parts, tzinfo=zone)
    except ValueError:
        return now.year - 1
    return now.year - 1 if moment > now + timedelta(days=7) else now.year


def _written(kind: str, local: datetime, nanoseconds: int) -> str:
    simple: dict[str, Any] = {
        "Y": f"{local.year:04}", "y": f"{local.year % 100:02}", "m": f"{local.month:02}", "o": f"{local.month:>2}",
        "q": local.month, "d": f"{local.day:02}", "e": f"{local.day:>2}", "g": local.day, "H": f"{local.hour:02}",
        "I": f"{(local.hour + 11) % 12 + 1:02}", "l": (local.hour + 11) % 12 + 1, "M": f"{local.minute:02}",
        "S": f"{local.second:02}", "p": "AM" if local.hour < 12 else "PM", "P": "am" if local.hour < 12 else "pm",
    }  # fmt: skip
    if kind in simple:
        return str(simple[kind])
    if kind in _FRACTIONS:
        return f"{nanoseconds:09}"[: _FRACTIONS[kind]]
    words = LOCALES["en"]
    if kind in "bh":
        return words.short_months[local.month - 1].title()
    if kind == "B":
        return words.months[local.month - 1].title()
    if kind in "aA":
        day = words.days[local.weekday()].title()
        return day if kind == "A" else day[:3]
    return _written_zone(kind, local)


def _written_zone(kind: str, local: datetime) -> str:
    secs = int((local.utcoffset() or timedelta()).total_seconds())
    sign, size = ("-" if secs < 0 else "+"), abs(secs)
    hours, minutes, seconds = f"{size // 3600:02}", f"{size // 60 % 60:02}", f"{size % 60:02}"
    match kind:
        case "z":
            return "Z" if not secs else f"{sign}{hours}{minutes}"
        case "i":
            return f"{sign}{hours}"
        case "j":
            return f"{sign}{hours}:{minutes}"
        case "k":
            return f"{sign}{hours}:{minutes}:{seconds}"
        case "w":
            return f"{sign}{hours}{minutes}{seconds}"
        case _:
            return "UTC" if not secs else f"{sign}{hours}{minutes}"
