"""A closed network of its own for each run: authorities, certificates, and the settings that name them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from integrations.dicom.nodes.certificates import Authority, Issued

KEY_BITS = 2048  # as short as RFC 9325 allows: made quickly


@dataclass(frozen=True)
class Network:
    """Ours and a peer's from one authority, one that has expired, and one from an authority nobody knows."""

    authority: Path
    ours: Issued
    peer: Issued
    expired: Issued
    strangers: Path
    stranger: Issued


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Network:
    folder = tmp_path_factory.mktemp("certificates")
    known = Authority(folder / "known", key_bits=KEY_BITS)
    unknown = Authority(folder / "unknown", name="Somebody else", key_bits=KEY_BITS)
    hosts = ["localhost", "127.0.0.1"]
    return Network(
        authority=known.certificate_path,
        ours=known.issue("consilium", hosts=hosts),
        peer=known.issue("peer", hosts=hosts),
        expired=known.issue("expired", hosts=hosts, life=dt.timedelta(minutes=-1)),
        strangers=unknown.certificate_path,
        stranger=unknown.issue("stranger", hosts=hosts),
    )


@pytest.fixture
def tls_settings(settings, network) -> None:
    settings.DICOM_TLS_CERTIFICATE = str(network.ours.certificate)
    settings.DICOM_TLS_KEY = str(network.ours.key)
    settings.DICOM_TLS_CA = str(network.authority)
    settings.DICOM_TLS_CLIENT_CERTIFICATES = "required"
