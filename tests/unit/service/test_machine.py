"""What the supervisor sees beside its processes."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from collector.service.machine import Machine, in_words
from collector.settings import load

NOW = 1_800_000_000.0


def certificate(path: Path, days: float) -> Path:
    """A self-signed one that expires so many days from NOW."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    end = datetime.datetime.fromtimestamp(NOW + days * 86_400, datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(end - datetime.timedelta(days=90)).not_valid_after(end)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.with_suffix(".key").write_bytes(pem)
    return path


def settings(cert: Path) -> Any:
    tls = f"{{cert_file: {cert}, key_file: {cert.with_suffix('.key')}}}"
    return load([
        f"yaml:receivers: {{otlp: {{protocols: {{http: {{tls: {tls}}}, grpc: {{}}}}}}}}",
        "yaml:exporters: {nop: {}}",
        "yaml:service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}",
    ], environ={})  # fmt: skip


def clocks() -> Any:
    return SimpleNamespace(wall=NOW, monotonic=5000.0)


def machine(root: Path, now: Any) -> Machine:
    return Machine(root, lambda: now.wall, lambda: now.monotonic)


def test_certificates_of_components_are_read_each_hour(tmp_path: Path) -> None:
    cert, now = certificate(tmp_path / "a.crt", 6), clocks()
    loaded, seen = settings(cert), machine(tmp_path, now)
    (found,) = seen.certificates(loaded)
    assert (found.component, found.file) == ("receivers.otlp", str(cert))
    assert seen.expires_in(found) == pytest.approx(6 * 86_400, abs=2)
    certificate(cert, 90)
    assert seen.certificates(loaded) == [found]
    now.monotonic += 3601
    (renewed,) = seen.certificates(loaded)
    assert seen.expires_in(renewed) > 80 * 86_400
    cert.unlink()
    now.monotonic += 3601
    assert seen.certificates(loaded) == []


def test_a_clock_that_jumps_is_seen_once(tmp_path: Path) -> None:
    now = clocks()
    seen = machine(tmp_path, now)
    now.wall, now.monotonic = now.wall + 5.4, now.monotonic + 5.0
    assert seen.clock_jump() == 0.0
    now.wall -= 3600
    assert seen.clock_jump() == pytest.approx(-3600)
    assert seen.clock_jump() == 0.0
    now.wall += 7200
    assert seen.clock_jump() == pytest.approx(7200)


def test_room_on_the_disk(tmp_path: Path) -> None:
    free = Machine(tmp_path).disk_free_bytes()
    assert free is not None
    assert free > 0
    assert Machine(tmp_path / "gone").disk_free_bytes() is None


@pytest.mark.parametrize(
    ("secs", "words"),
    [
        (6 * 86_400, "expires in 6 days"),
        (7200, "expires in 2 hours"),
        (-300, "expired 5 minutes ago"),
        (30, "expires in 30 seconds"),
    ],
)
def test_times_are_told_in_words(secs: float, words: str) -> None:
    assert in_words(secs) == words
