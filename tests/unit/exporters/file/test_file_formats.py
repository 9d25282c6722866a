"""The formats of SIEM systems in files: one record a line, and nothing that a sender wrote makes two of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.component import Context
from collector.outcomes import Ok
from collector.samples import batch_of
from counterparts.cef_reader import read_cef
from counterparts.examples import examples
from counterparts.leef_reader import read_leef
from counterparts.ocsf_schema import problems
from exporters.file.config import FileConfig
from exporters.file.exporter import FileExporter


def written(folder, samples, **options):
    """The lines of a file that takes the samples in two requests, with a restart between them."""
    path = folder / "out.log"
    path.unlink(missing_ok=True)

    async def main(batch):
        exporter = FileExporter(FileConfig(path=str(path), **options), Context("file", folder))
        await exporter.start()
        answer = await exporter.send(exporter.encode(batch))
        await exporter.shutdown()
        assert exporter.classify(answer) == [Ok()]

    for half in (samples[: len(samples) // 2], samples[len(samples) // 2 :]):
        if half:
            asyncio.run(main(batch_of(half)))
    data = path.read_bytes()
    assert data.endswith(b"\n")
    return data.decode().split("\n")[:-1]


SAMPLES = [
    {"body": "plain", "severity": "INFO", "attributes": {"user.name": "ada"}},
    {"body": "two\nlines\r\nCEF:0|a|b|c|d|e|10|\nLEEF:2.0|a|b|c|d|^|", "severity": "ERROR"},
    {"body": {"a": 1}, "attributes": {"k": "v|w=x\\y\t\n"}, "event_name": "evil|name\n"},
]


@pytest.mark.parametrize("format_", ["ocsf", "ecs", "cef", "leef"])
def test_one_line_a_record(tmp_path, format_):
    """However many requests there were."""
    assert len(written(tmp_path, SAMPLES, format=format_)) == len(SAMPLES)


def test_ocsf_lines_are_valid_events(tmp_path):
    """In the version that was asked for."""
    lines = written(tmp_path, SAMPLES, format="ocsf", ocsf={"version": "1.3.0"})
    assert [problems(line) for line in lines] == [[]] * len(SAMPLES)
    assert all('"version":"1.3.0"' in line for line in lines)


def test_cef_names_the_device(tmp_path):
    """Vendor and product are options; the version is logboom's unless it is set."""
    lines = written(tmp_path, SAMPLES, format="cef", device={"vendor": "Acme", "product": "SOC|1", "version": "9"})
    assert {(e.vendor, e.product, e.device_version) for e in map(read_cef, lines)} == {("Acme", "SOC|1", "9")}


def test_compressed_messages_hold_whole_lines(tmp_path):
    """zstd frames follow their length, as those of the other formats."""
    import zstandard

    path = tmp_path / "out.zst"

    async def main():
        exporter = FileExporter(FileConfig(path=str(path), format="cef", compression="zstd"), Context("file", tmp_path))
        await exporter.start()
        await exporter.send(exporter.encode(batch_of(SAMPLES)))
        await exporter.shutdown()

    asyncio.run(main())
    data = path.read_bytes()
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert zstandard.decompress(data[4:]).count(b"\n") == len(SAMPLES)


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs", "Zs"]) | st.sampled_from(" \n\r|=\\\t\x0b\x0c\x1c\x85\u2028^"), max_size=24
)


@pytest.mark.slow
@settings(max_examples=examples(25))
@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=4))
def test_lines_cannot_be_forged(tmp_path_factory, said):
    """Body, event name and attributes of any text: as many events as records, each read back by a strict reader."""
    folder = tmp_path_factory.getbasetemp()
    samples = [{"body": body, "event_name": name, "attributes": {"user.name": user}} for body, name, user in said]
    for format_, read in (("cef", read_cef), ("leef", read_leef), ("ocsf", problems), ("ecs", json.loads)):
        assert len([read(line) for line in written(folder, samples, format=format_)]) == len(samples)


def test_unknown_formats_are_refused():
    """The message lists what there is."""
    with pytest.raises(ValueError, match="'ocsf'"):
        FileConfig(path=str(Path("x")), format="xml")
