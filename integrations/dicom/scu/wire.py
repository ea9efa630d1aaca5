"""The connection beneath an association we open: TCP without Nagle's delay, bounded waiting, TLS when asked for.

Knows no Django, so that simulators and scripts can use it.

Reference  PS3.8 §9.1 (DICOM upper layer on TCP), PS3.15 §B (secure transport connection profiles)
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pynetdicom import AE, evt
from pynetdicom.transport import T_CONNECT, AddressInformation, AssociationSocket

from integrations.dicom.scu.turns import CallersAssociation

if TYPE_CHECKING:
    from pynetdicom.association import Association


@dataclass(frozen=True, slots=True)
class TlsClient:
    """How we secure a connection, and which certificates the peer may show (none listed: any the context trusts).

    `fingerprints` are SHA-256 digests of whole certificates in lower-case hexadecimal.
    """

    context: ssl.SSLContext
    server_name: str
    fingerprints: frozenset[str] = frozenset()


class CertificateNotListed(ssl.SSLError):
    """The peer's certificate is trusted, but is none of those this node is known by."""


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 digest of a certificate in DER, as people compare it."""
    return hashlib.sha256(certificate).hexdigest()


def connect(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """A TCP connection that sends what it is given at once, and on which nothing waits longer than it may.

    A message would cost 40 ms by Nagle's algorithm with delayed ACKs.

    Raises  OSError as it comes: refused, unreachable, timed out, name unknown.
    """
    wire = socket.create_connection((host, port), timeout=timeout_s)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return wire


def secure(wire: socket.socket, tls: TlsClient) -> ssl.SSLSocket:
    """The connection within TLS; closes it if that fails.

    Raises  ssl.SSLError (CertificateNotListed among them) or another OSError.
    """
    try:
        secured = tls.context.wrap_socket(wire, server_hostname=tls.server_name)
    except (OSError, ValueError):
        wire.close()
        raise
    if tls.fingerprints and fingerprint(secured.getpeercert(binary_form=True) or b"") not in tls.fingerprints:
        secured.close()
        raise CertificateNotListed("the certificate is not among those listed for this node")
    return secured


_FAILURES: tuple[tuple[type[OSError], str], ...] = (
    (CertificateNotListed, "CERTIFICATE_NOT_LISTED"),
    (ssl.SSLCertVerificationError, "CERTIFICATE_NOT_TRUSTED"),
    (ssl.SSLError, "TLS_FAILED"),
    (TimeoutError, "TIMED_OUT"),
    (ConnectionRefusedError, "CONNECTION_REFUSED"),
    (socket.gaierror, "HOST_UNKNOWN"),
)


def failure_code(error: OSError) -> str:
    """Why there is no connection, in one word."""
    return next((code for kind, code in _FAILURES if isinstance(error, kind)), "UNREACHABLE")


class CallingSocket(AssociationSocket):
    """Opens its connection when the association asks for it, and remembers why it could not."""

    def __init__(
        self, assoc: Association, *, host: str, port: int, timeout_s: float, tls: TlsClient | None
    ) -> None:
        self._host, self._port, self._timeout_s, self._tls = host, port, timeout_s, tls
        self.failure = ""
        self._lending, self._is_lent = threading.Lock(), False
        super().__init__(assoc, address=AddressInformation("127.0.0.1", 0))

    @property
    def ready(self) -> bool:
        """As pynetdicom asks before it reads: what comes while the connection is lent is not for it."""
        with self._lending:
            return not self._is_lent and super().ready

    @contextlib.contextmanager
    def lent(self) -> Iterator[socket.socket]:
        """The connection for one exchange that pynetdicom takes no part in.

        Raises  ConnectionError if it is gone.
        """
        with self._lending:
            if self.socket is None or not self._is_connected:
                raise ConnectionAbortedError
            self._is_lent = True
        try:
            yield self.socket
        finally:
            self._is_lent = False

    def _create_socket(self, address: AddressInformation) -> socket.socket:  # noqa: ARG002 - pynetdicom's own
        return cast("socket.socket", None)  # made by `connect`

    def connect(self, primitive: T_CONNECT) -> None:
        try:
            self.socket = self._open()
        except OSError as error:
            self.failure = failure_code(error)
            primitive.result = "Evt17"  # transport connection closed
        else:
            self.assoc.requestor.address_info = AddressInformation.from_tuple(self.socket.getsockname())
            self._is_connected = True
            evt.trigger(self.assoc, evt.EVT_CONN_OPEN, {"address": (self._host, self._port)})
            primitive.result = "Evt2"  # transport connection confirmed
        self.provider_queue.put(primitive)
        self._ready.set()

    def _open(self) -> socket.socket:
        wire = connect(self._host, self._port, timeout_s=self._timeout_s)
        if self._tls is not None:
            return secure(
                wire, self._tls
            )  # keeps its time-out: TLS retries by itself what the kernel gives up
        span = struct.pack("@ll", max(1, int(self._timeout_s)), 0)
        wire.settimeout(None)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, span)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, span)
        return wire


class CallingAE(AE):
    """Our Application Entity calling one peer."""

    def __init__(
        self, ae_title: str, *, host: str, port: int, timeout_s: float, tls: TlsClient | None
    ) -> None:
        super().__init__(ae_title)
        self._host, self._port, self._timeout_s, self._tls = host, port, timeout_s, tls

    def _create_socket(self, assoc: Association, address: object, tls_args: object) -> CallingSocket:  # noqa: ARG002 - pynetdicom's own
        CallersAssociation.take_over(assoc)
        return CallingSocket(
            assoc, host=self._host, port=self._port, timeout_s=self._timeout_s, tls=self._tls
        )
