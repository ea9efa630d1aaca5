"""Certificates for a closed network: an authority of the installation's own, and what it issues.

Hospitals with an authority of their own use theirs instead; nothing here is needed then.

Reference  PS3.15 §B.12, RFC 5280
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common import clock
from common.errors import Conflict, InvalidInput
from integrations.dicom.scu.wire import fingerprint

_AUTHORITY = "authority"
_AUTHORITY_LIFE = dt.timedelta(days=3650)
LIFE = dt.timedelta(days=730)
_KEY_BITS = 3072  # RSA, because every modality that speaks TLS at all knows it
_EARLIER = dt.timedelta(hours=1)  # peers' clocks are not ours


@dataclass(frozen=True, slots=True)
class Issued:
    """Where a certificate and its key were written, and the digest people compare."""

    certificate: Path
    key: Path
    fingerprint: str


class Authority:
    """Issues certificates into a folder; its key stays there, readable for its owner only."""

    def __init__(
        self, folder: Path, *, name: str = "Consilium DICOM authority", key_bits: int = _KEY_BITS
    ) -> None:
        self.folder, self._key_bits = folder, key_bits
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.certificate_path = folder / f"{_AUTHORITY}.pem"
        key_path = folder / f"{_AUTHORITY}.key"
        if self.certificate_path.exists():
            self._key = _read_key(key_path)
            self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        else:
            self._key = self._new_key()
            self._certificate = self._sign_itself(name)
            _write_key(key_path, self._key)
            self.certificate_path.write_bytes(_pem(self._certificate))

    def issue(
        self, name: str, *, hosts: Sequence[str] = (), life: dt.timedelta = LIFE, replaces: bool = False
    ) -> Issued:
        """A certificate for one end of a connection, whichever side it opens it from.

        Raises  Conflict if there is one by this name already and it is not to be replaced.
        """
        certificate_path, key_path = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if name == _AUTHORITY or "/" in name or name.startswith("."):
            raise InvalidInput("This is no name for a certificate", code="NAME_INVALID")
        if certificate_path.exists() and not replaces:
            raise Conflict(f"{certificate_path} exists already", code="CERTIFICATE_EXISTS")
        key = self._new_key()
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = self._builder(name, key.public_key(), life).add_extension(
            x509.ExtendedKeyUsage(usages), critical=False
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        _write_key(key_path, key)
        certificate_path.write_bytes(_pem(certificate))
        der = certificate.public_bytes(serialization.Encoding.DER)
        return Issued(certificate_path, key_path, fingerprint(der))

    def _new_key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=self._key_bits)

    def _sign_itself(self, name: str) -> x509.Certificate:
        subject = _name(name)
        builder = _dated(_AUTHORITY_LIFE).subject_name(subject).issuer_name(subject)
        builder = builder.public_key(self._key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        return builder.add_extension(identifier, critical=False).sign(self._key, hashes.SHA256())

    def _builder(self, name: str, key: rsa.RSAPublicKey, life: dt.timedelta) -> x509.CertificateBuilder:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _dated(life)
            .subject_name(_name(name))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .add_extension(issuer, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _dated(life: dt.timedelta) -> x509.CertificateBuilder:
    """From a little before now; a life that is over already makes an expired one, which tests want."""
    ends = clock.now() + life
    starts = min(clock.now(), ends) - _EARLIER
    return x509.CertificateBuilder().not_valid_before(starts).not_valid_after(ends)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _read_key(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInput(f"{path} holds a key of another kind", code="KEY_UNUSABLE")
    return key


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
