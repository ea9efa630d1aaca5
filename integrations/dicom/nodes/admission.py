"""Which nodes may open an association with us: listed, enabled, from an allowed address, with their own certificate.

Reference  PS3.8 §9.3.4 (A-ASSOCIATE-RJ), PS3.15 §B
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from common.prepared import PreparedQuery, Slot
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.scu.wire import fingerprint

REJECTED_PERMANENT = 1
SERVICE_USER = 1
NO_REASON = 1
CALLING_AE_NOT_RECOGNISED = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an association is refused: a code for our own trail, and the fields of the A-ASSOCIATE-RJ.

    The peer is not told more than that it is not recognised: whoever guesses titles learns nothing.
    """

    code: str
    result: int = REJECTED_PERMANENT
    source: int = SERVICE_USER
    diagnostic: int = CALLING_AE_NOT_RECOGNISED


CALLING_AE_UNKNOWN = Refusal("CALLING_AE_UNKNOWN")


def may_associate(calling_ae_title: str, address: str, *, certificate: bytes | None = None) -> Refusal | None:
    """None if this caller is welcome, else why not.

    `address` is where the connection comes from; `certificate` what the peer showed in TLS (DER), None on the
    plain port or where it showed none. Asks the database once.
    """
    node = find_node(calling_ae_title)
    return CALLING_AE_UNKNOWN if node is None else refusal_of(node, address, certificate)


_NODE = PreparedQuery(
    lambda: ApplicationEntity.objects.select_related("site").filter(ae_title=Slot("ae_title"))
)


def find_node(calling_ae_title: str) -> ApplicationEntity | None:
    """The node of this title, with its site, whether it is enabled or not."""
    return _NODE.first(ae_title=calling_ae_title.strip())


def refusal_of(node: ApplicationEntity, address: str, certificate: bytes | None) -> Refusal | None:
    """As `may_associate`, of a node that was found."""
    if not node.is_enabled:
        return Refusal("CALLING_AE_DISABLED")
    if node.allowed_addresses and not _is_within(address, node.allowed_addresses):
        return Refusal("ADDRESS_NOT_ALLOWED")
    if node.certificate_fingerprints and (
        certificate is None or fingerprint(certificate) not in node.certificate_fingerprints
    ):
        return Refusal("CERTIFICATE_NOT_LISTED")
    return None


def _is_within(address: str, networks: list[str]) -> bool:
    """Whether the address lies in one of the networks; IPv4 that comes by an IPv6 socket is IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)
