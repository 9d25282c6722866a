"""Who watches is told what a request spent its time on: of an exporter that is watched."""

from __future__ import annotations

from collector.delivery.config import DeliveryConfig
from collector.outcomes import Ok, Retry
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.timeline import Operation, Watched

CONFIG = DeliveryConfig()


def test_each_attempt_has_its_laps(rig):
    """Waits between them, too; records and answers are not told of."""
    told: list[Operation] = []
    one = rig("x", "y")
    one.operations = {"x": Watched(0.0, told=told.append)}
    one.ledgers[0].put(text_batch(["a", "b"]))
    answers = [Retry("s3cret"), Ok()]
    watched = ScriptedExporter(lambda batch: answers.pop(0))
    one.run({"x": (watched, CONFIG), "y": (ScriptedExporter(lambda batch: Ok()), CONFIG)}, 60)
    (request,) = told
    assert [what for what, *_ in request.laps] == ["encode", "wait", "send", "classify", "wait", "send", "classify"]
    assert request.attributes.keys() == {"logboom.exporter", "logboom.records", "logboom.bytes"}
    assert (request.name, request.attributes["logboom.exporter"], request.attributes["logboom.records"]) == (
        "deliver",
        "x",
        2,
    )
    assert "s3cret" not in str(request)
