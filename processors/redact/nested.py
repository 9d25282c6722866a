"""Maps and arrays: values at any depth, and keys. Those in whose bytes nothing is likely are not read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.columns.dictionary import encode
from collector.ottl.regex import translated
from collector.privacy.classes.named_secrets import stands_for_secret
from collector.shaping.redaction import text_of
from otlp_wire import rewritten
from otlp_wire.rewriting import KEEP, Rewriting, Scalar
from processors.redact.fates import SECRET, Fates
from processors.redact.finding import Finding

_NUMBER = r"\x18\?{5,9}[\x00-\x7f]|![\x00-\x7f]{6,7}[BC?]"
"""A number of 13 digits or more in the wire format of AnyValue, with `?` for bytes that are not ASCII."""
_NAMES = (
    r"(?i:pass|pwd|secret|token|key|credential|sessid|session|signature|contrase|senha|wachtwoord|kennwort|mot.de|otp|pin|cvv|cvc|csc|sig|bearer|sid|psw|pw"
    r"|authori|cookie|\?\?\?)"
)
_STRING = 0x0A
_HIGH = 0x80
Bytes = npt.NDArray[np.uint8]


class Nested:
    """Rewrites serialised AnyValues."""

    def __init__(self, finding: Finding, fates: Fates) -> None:
        self._finding, self._fates = finding, fates
        own = [translated(hint) for hint in (_NUMBER, _NAMES, *finding.hints, *fates.hints)]
        self._hints = [*finding.detectors.expressions, *own]

    def apply(self, values: pl.Series, attributes: Sequence[str], domains: Sequence[str]) -> pl.Series:
        """The column with what is inside hidden, each distinct value once.

        Args:
            values: Binary; null stays.
            attributes, domains: for each row the key under which the value stands (empty: a body), and whose it is.
        """
        if values.null_count() == len(values):
            return values
        coded = encode(values)
        distinct: list[bytes] = coded.values.to_pylist()
        likely = np.append(self._likely(distinct), False)
        rows = np.flatnonzero(likely[coded.codes]).tolist()
        done: dict[tuple[int, str, str], bytes] = {}
        new: dict[int, bytes] = {}
        for row in rows:
            code = int(coded.codes[row])
            place = (code, attributes[row], domains[row])
            if place not in done:
                done[place] = self._rewritten(distinct[code], attributes[row], domains[row])
            if done[place] != distinct[code]:
                new[row] = done[place]
        if not new:
            return values
        at = pl.Series(list(new), dtype=pl.UInt32)
        return values.clone().scatter(at, pl.Series(list(new.values()), dtype=pl.Binary))

    def _likely(self, values: Sequence[bytes]) -> npt.NDArray[np.bool_]:
        """In which of them there may be something: asked of their bytes as text, as they are, and with a space for the length in front of each
        string, which may look like a letter."""
        sent = np.frombuffer(b"".join(values), dtype=np.uint8)
        ends = np.cumsum([0, *map(len, values)], dtype=np.int64)
        plain = np.where(sent >= _HIGH, np.uint8(ord("?")), sent)
        spaced = plain.copy()
        lengths = np.flatnonzero(sent[:-1] == _STRING) + 1
        spaced[lengths] = ord(" ")
        longer = lengths[sent[lengths] >= _HIGH] + 1
        spaced[longer[longer < len(spaced)]] = ord(" ")
        found = np.zeros(len(values), dtype=np.bool_)
        for data in (plain, spaced):
            texts = _texts(data, ends)
            for hint in self._hints:
                found |= texts.str.contains(hint).to_numpy()
        return found

    def _rewritten(self, value: bytes, attribute: str, domain: str) -> bytes:
        rewriting = Rewriting(
            self._fates.hides,
            self._fates.reached,
            lambda key, scalar: self._hidden(key, scalar, domain),
            lambda key, text: self._finding.of_text(text, key, domain),
            lambda key, number: self._finding.of_number(number, key, domain),
            lambda key: self._finding.of_name(key, domain),
        )
        return rewritten(value, attribute, rewriting)

    def _hidden(self, key: str, scalar: Scalar, domain: str) -> str | object | None:
        cls = self._fates.class_of(key)
        if cls == SECRET and (
            scalar is None or isinstance(scalar, bool) or not scalar or stands_for_secret(text_of(scalar))
        ):
            return KEEP
        return self._finding.of_named(cls, text_of(scalar), domain, key)


def _texts(data: Bytes, ends: npt.NDArray[np.int64]) -> pl.Series:
    """A row for each stretch of ASCII."""
    array = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends.tobytes()), pa.py_buffer(data.tobytes()))
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series
