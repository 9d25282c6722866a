"""TLS options → contexts and credentials."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from collector.transport.tls import (
    TlsClientConfig,
    TlsServerConfig,
    client_context,
    grpc_client_credentials,
    grpc_server_credentials,
    server_context,
)
from counterparts.certificates import Authority


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def files(authority):
    pair = authority.issue("server")
    return {"cert_file": str(pair.cert), "key_file": str(pair.key)}


def test_server_defaults(files):
    """TLS 1.2 at least, and clients need no certificate."""
    context = server_context(TlsServerConfig(**files))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("old", ["", "1.0", "1.1"])
def test_old_versions_mean_1_2(files, old):
    """A configuration that allows TLS 1.0 does not get it."""
    assert server_context(TlsServerConfig(**files, min_version=old)).minimum_version is ssl.TLSVersion.TLSv1_2


def test_limits(files):
    """Versions and cipher suites are set as asked."""
    config = TlsServerConfig(
        **files,
        max_version="1.2",
        cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
        curve_preferences=["P256"],
    )
    context = server_context(config)
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2
    older = [entry["name"] for entry in context.get_ciphers() if entry["protocol"] != "TLSv1.3"]
    assert older == ["ECDHE-ECDSA-AES256-GCM-SHA384"]


def test_mutual(files, authority):
    """`client_ca_file` makes a client certificate a condition."""
    assert (
        server_context(TlsServerConfig(**files, client_ca_file=str(authority.ca_file))).verify_mode is ssl.CERT_REQUIRED
    )


def test_client_trust(authority, files):
    """A client trusts only `ca_file`, or the system besides it if told so, and verifies unless told not to."""
    own = client_context(TlsClientConfig(ca_file=str(authority.ca_file)))
    assert (own.verify_mode, own.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(own.get_ca_certs()) == 1
    skipping = client_context(TlsClientConfig(**files, insecure_skip_verify=True))
    assert (skipping.verify_mode, skipping.check_hostname) == (ssl.CERT_NONE, False)


def test_encrypted_key_does_not_ask(tmp_path, authority, files):
    """An encrypted key is an error; nobody is asked for a password on a terminal."""
    key = serialization.load_pem_private_key(Path(files["key_file"]).read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ValueError, match="encrypted"):
        server_context(TlsServerConfig(cert_file=files["cert_file"], key_file=str(locked)))


def test_grpc_refuses_what_it_cannot_do(files):
    """Options that grpc would ignore are errors."""
    for option in ({"min_version": "1.3"}, {"max_version": "1.2"}, {"curve_preferences": ["P256"]}):
        with pytest.raises(ValueError, match="do not work for gRPC"):
            grpc_server_credentials(TlsServerConfig(**files, **option))
        with pytest.raises(ValueError, match="do not work for gRPC"):
            grpc_client_credentials(TlsClientConfig(**option))
    with pytest.raises(ValueError, match="insecure_skip_verify"):
        grpc_client_credentials(TlsClientConfig(insecure_skip_verify=True))


def test_grpc_plain_text_is_a_choice():
    """`insecure: true` gives no credentials; without it TLS is on."""
    assert grpc_client_credentials(TlsClientConfig(insecure=True)) is None
    assert grpc_client_credentials(TlsClientConfig()) is not None
