"""Takes everything, decodes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from collector.component import Context
from collector.outcomes import Ok
from collector.testing.text_batch import text_batch
from exporters.nop import FACTORY
from exporters.nop.config import NopConfig


def test_everything_is_delivered():
    exporter = FACTORY.create(NopConfig(), Context("nop", Path()))

    async def main():
        await exporter.start()
        answers = [
            await exporter.send(exporter.encode(text_batch(["a"]))),
            await exporter.send(exporter.encode_payloads([b"not protobuf"])),
        ]
        await exporter.shutdown()
        return [exporter.classify(answer) for answer in answers]

    assert asyncio.run(main()) == [[Ok()], [Ok()]]
    assert exporter.requests == 2
