"""The words for severities: one table for every source, whatever field, prefix or line they stand in.

Texts are compared without case, accents of width (NFKC) and enclosing marks; `WARN2`, and `ERROR+4` and `DEBUG-4` of Go's slog, are steps of theirs.

| number | means | English and its short forms | also |
| --- | --- | --- | --- |
| 1 | TRACE | trace, trc, finest, verbose, silly, t, v | |
| 5 | DEBUG | debug, dbg, fine, d | отладка, 调试, デバッグ |
| 9 | INFO | info, inf, information, log, note, i | información, infos, 信息, 情報, 정보 |
| 10 | NOTICE | notice, ntc, success, n | hinweis |
| 13 | WARN | warn, warning, wrn, w | warnung, avertissement, aviso, avviso, 警告, 경고 |
| 17 | ERROR | error, err, fail, severe, e | fehler, erreur, erro, errore, ошибка, 错误, エラー |
| 18 | critical | critical, crit, crt, dpanic, c | kritisch, critique, crítico, критический, 严重, 重大 |
| 19 | alert | alert, a | alarm, alerte, alerta |
| 21 | FATAL | fatal, ftl, emerg, emergency, panic, f | notfall, urgence, фатальная, 致命, 紧急 |

Numbers as text: 0 to 7 are syslog's, 10 to 60 in tens pino's and bunyan's, else OpenTelemetry's (8 to 24).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from collector.levels import CRITICAL

TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, ALERT, FATAL = 1, 5, 9, 10, 13, 17, 19, 21

_WRITTEN: Mapping[int, str] = {
    TRACE: "trace trc finest trac verbose vrb silly t v trce",
    3: "finer",
    DEBUG: "debug dbg debg debu fine d debug1 debug2 debug3 debug4 debug5 dbug depuración отладка 调试 調試 デバッグ 디버그",
    8: "config",
    INFO: "info inf information informational i log note default http system información informação infos informatie "
    "информация 信息 資訊 情報 정보 bilgi",
    NOTICE: "notice ntc n success statement detail hint context hinweis",
    WARN: "warn warning wrn w wng deprecated warnung avertissement attention advertencia aviso avviso avvertenza waarschuwing "
    "ostrzeżenie предупреждение попередження 警告 경고 uyari uyar\u0131 varning advarsel",
    ERROR: "error err erro e eror failure fail severe exception errr fehler schwerwiegend erreur errore grave fout błąd blad "
    "ошибка помилка 错误 錯誤 エラー 오류 에러 hata chyba fel fejl feil",
    CRITICAL: "critical crit crt c dpanic kritisch kritiek kritisk critique crítico critico krytyczny критический критично "
    "критическая 严重 嚴重 重大 危急 심각 kritik",
    ALERT: "alert a alarm alerte alerta",
    FATAL: "fatal ftl fata pani f panic emerg emergency off p notfall urgence emergencia emergenza fatale фатальная "
    "фатальный 致命 致命的 紧急 緊急 치명적",
}
WORDS: Mapping[str, int] = {word: number for number, words in _WRITTEN.items() for word in words.split()}
PINO: Mapping[int, int] = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}
SYSLOG = (FATAL, ALERT, CRITICAL, ERROR, WARN, NOTICE, INFO, DEBUG)
LONG_WORDS = tuple(word for word in WORDS if not word.isascii() or len(word) > 3)
"""Those that are no common part of a line by chance."""

_PREFIX = re.compile(r"^(?:severity_?number|log_?level|severity|level|log)[_.:]")
_STEPS = re.compile(r"^([a-z]+)(?:([1-4])|([+-]\d{1,2}))$")


def number_of(text: str) -> int | None:
    """The severity number that a text names; None when it names none."""
    word = _PREFIX.sub("", unicodedata.normalize("NFKC", text).strip().strip("[]<>():").lower())
    if word.isdecimal():
        return _of_digits(int(word))
    if word in WORDS:
        return WORDS[word]
    steps = _STEPS.match(word)
    if steps is None or steps[1] not in WORDS:
        return None
    step = int(steps[2]) - 1 if steps[2] else int(steps[3])
    return min(max(WORDS[steps[1]] + step, 1), 24)


def _of_digits(number: int) -> int | None:
    if number < len(SYSLOG):
        return SYSLOG[number]
    return PINO.get(number, number if number <= 24 else None)


def says_critical(text: str) -> bool:
    """Whether a text names CRITICAL or worse, as a word: a number beside another one says nothing more."""
    number = None if text.strip().isdecimal() else number_of(text)
    return number is not None and number >= CRITICAL
