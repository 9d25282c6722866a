"""An exporter sends batches without delivery around it: what each of them leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.batch import LogBatch
from collector.component import Context, Factory
from collector.outcomes import Verdict


def verdicts(factory: Factory[Any], options: Mapping[str, Any], folder: Path, *batches: LogBatch) -> list[Verdict]:
    """The verdicts on `batches`, one after the other; the exporter is closed twice, as it must bear."""

    async def main() -> list[Verdict]:
        exporter = factory.create(factory.config.model_validate(options), Context(factory.name, folder))
        await exporter.start()
        found: list[Verdict] = []
        for batch in batches:
            try:
                answer = await exporter.send(exporter.encode(batch))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answer = error
            found += exporter.classify(answer)
        await exporter.shutdown()
        await exporter.shutdown()
        return found

    return asyncio.run(main())
