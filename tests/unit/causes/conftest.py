"""A small shop whose requests pass through services: gateway → orders → prices, stock."""

import polars as pl
import pytest

from collector.causes.frame import empty

SECOND = 10**9
START = 1_700_000_000 * SECOND
WAY = (("gateway", "in"), ("orders", "in"), ("prices", "in"), ("prices", "found"), ("orders", "priced"),
       ("stock", "in"), ("stock", "taken"), ("orders", "done"), ("gateway", "out"))  # fmt: skip


class Shop:
    """Makes frames of requests."""

    way = WAY
    start = START

    def request(self, number, at, steps=WAY, errors=(), slow=None, extra_ns=0, **fields):
        """One trace: a line each 5 ms and a little; steps that touch `slow` take `extra_ns` more; `errors` are positions of errors."""
        rows, time = [], at
        for position, (service, place) in enumerate(steps):
            if position:
                touched = slow is not None and slow in (service, steps[position - 1][0])
                time += 5_000_000 + (number * 7919 % 1000) * 1000 + (extra_ns if touched else 0)
            row = {"time": time, "service": service, "place": place, "error": position in errors}
            rows.append(row | {"trace": f"{number:032x}", "span": f"{number:08x}{service}"} | fields)
        return rows

    def minute(self, number, count=60, **how):
        """A request a second from minute `number` on."""
        at = START + number * 60 * SECOND
        return self.frame([self.request(number * 1000 + n, at + n * SECOND, **how) for n in range(count)])

    def frame(self, requests):
        """Rows as a frame."""
        schema = empty().schema
        every = [{name: row.get(name) for name in schema} for rows in requests for row in rows]
        return pl.DataFrame(every, schema, strict=False)


@pytest.fixture
def shop():
    return Shop()
