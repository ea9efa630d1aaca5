"""TLS for DICOM: what we show, whom we trust, and nothing weaker.

TLS 1.2 with AEAD cipher suites and forward secrecy, or TLS 1.3; compression and renegotiation are off. There is
no falling back to less, and none to plain text on the secure port.

Reference  PS3.15 §B.10 (Non-Downgrading BCP 195), §B.12 (BCP 195: RFC 8996, RFC 9325)
"""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from django.conf import settings

from common.errors import Conflict, InvalidInput
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.scu.wire import TlsClient

_TLS12_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_FILES = ("DICOM_TLS_CERTIFICATE", "DICOM_TLS_KEY", "DICOM_TLS_CA")


def is_configured() -> bool:
    """Whether this installation has a certificate to show and authorities to trust."""
    return all(getattr(settings, name) for name in _FILES)


def server_context() -> ssl.SSLContext:
    """What the listener's secure port speaks; a peer without a certificate we trust is refused by default.

    With DICOM_TLS_CLIENT_CERTIFICATES=optional a peer may come without one; a wrong one is refused all the same.

    Raises  InvalidInput if the files named by DICOM_TLS_* cannot be used.
    """
    is_optional = settings.DICOM_TLS_CLIENT_CERTIFICATES == "optional"
    mode = ssl.CERT_OPTIONAL if is_optional else ssl.CERT_REQUIRED
    return _context(ssl.PROTOCOL_TLS_SERVER, _files(), mode)


def client_context(node: ApplicationEntity) -> TlsClient:
    """How a node is called over TLS: our certificate shown, its certificate checked against our authorities.

    A node whose certificates are listed by fingerprint is known by them instead of by its host name.

    Raises  Conflict if this installation has no TLS set up; InvalidInput if its files cannot be used.
    """
    if not is_configured():
        raise Conflict("TLS is not set up here: see DICOM_TLS_CERTIFICATE", code="TLS_NOT_CONFIGURED")
    listed = frozenset(node.certificate_fingerprints)
    context = _context(ssl.PROTOCOL_TLS_CLIENT, _files(), ssl.CERT_REQUIRED, checks_name=not listed)
    return TlsClient(context, node.host, listed)


_Files = tuple[tuple[str, int], ...]


def _files() -> _Files:
    """The three files with their times of change, so that renewed certificates are read anew."""
    try:
        paths = [str(getattr(settings, name)) for name in _FILES]
        return tuple((path, Path(path).stat().st_mtime_ns) for path in paths)
    except OSError as error:
        raise InvalidInput("A file named by DICOM_TLS_* cannot be read", code="TLS_FILES_UNUSABLE") from error


@functools.lru_cache(maxsize=16)
def _context(
    protocol: int, files: _Files, mode: ssl.VerifyMode, *, checks_name: bool = False
) -> ssl.SSLContext:
    certificate, key, authorities = (path for path, _changed in files)
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS12_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            "A file named by DICOM_TLS_* is no usable certificate or key", code="TLS_FILES_UNUSABLE"
        ) from error
    context.check_hostname = checks_name
    context.verify_mode = mode
    return context
