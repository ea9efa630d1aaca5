"""Keys, a rich object, and the validator of objects."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydicom import dcmread, dcmwrite

from archive.deidentification.services import Profile, deidentify
from tests.dciodvfy import dicom_errors as errors_by_dciodvfy


@pytest.fixture
def keys(tmp_path, settings):
    """A folder with the keys `trial` (reversible) and `other`."""
    folder = tmp_path / "keys"
    folder.mkdir()
    settings.DEIDENTIFICATION_KEYS = str(folder)
    (folder / "trial.key").write_bytes(b"t" * 32)
    (folder / "other.key").write_bytes(b"o" * 32)
    (folder / "short.key").write_bytes(b"s" * 8)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "trial.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "trial.private.pem").write_bytes(
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def applied():
    """De-identify a data set by these options and read the result."""

    def apply(dataset, *options, key_name="default", is_reversible=False):
        profile = Profile.named(options, key_name=key_name, is_reversible=is_reversible)
        return dcmread(io.BytesIO(deidentify(as_file(dataset), profile=profile)))

    return apply


def as_file(dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture
def dicom_errors():
    """The Error lines of dciodvfy for a Part 10 file in memory."""
    return errors_by_dciodvfy
