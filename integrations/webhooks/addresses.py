"""Where receivers may be: the network's own inside is out of their reach unless the operator says otherwise.

A name is looked up when news is sent, every address it has is judged, and the one judged is the one called: a name
that answers differently a moment later leads nowhere new.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import InvalidInput, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address to call, with the name the receiver is known by."""

    url: str
    host: str
    authority: str


def check_url(url: str) -> None:
    """Raises InvalidInput unless news may be sent there, as far as can be told without looking its name up."""
    parts = _parts(url)
    try:
        literal = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        literal = None
    if parts.hostname in {"localhost", "localhost.localdomain"} and not settings.WEBHOOK_NETWORKS:
        raise _refused(_("News is not sent to this machine itself."))
    if literal is not None and not _is_allowed(literal):
        raise _refused(_("News is not sent to addresses of this kind."))


def target_of(url: str) -> Target:
    """Where to send to now.

    Raises  InvalidInput RECEIVER_NOT_ALLOWED if the name leads to an address that is not allowed; Unavailable if it
            leads nowhere.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise Unavailable("The receiver's name leads nowhere", code="NAME_UNKNOWN") from error
    addresses = [ipaddress.ip_address(str(each).split("%")[0]) for each in sorted(map(str, found))]
    if not addresses or not all(_is_allowed(each) for each in addresses):
        raise InvalidInput("The receiver's address is not allowed", code="RECEIVER_NOT_ALLOWED")
    chosen = next((each for each in addresses if each.version == 4), addresses[0])
    literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    query = f"?{parts.query}" if parts.query else ""
    return Target(f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}", host, parts.netloc)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_well_formed = parts.port is None or parts.port > 0
    except ValueError:  # brackets that do not match, a port that is no number
        is_well_formed = False
    schemes = {"https", "http"} if settings.WEBHOOK_ALLOW_PLAIN else {"https"}
    if (
        not is_well_formed
        or parts.scheme not in schemes
        or not parts.hostname
        or parts.username is not None
        or parts.fragment
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        raise _refused(_("An address is https://host/path, and holds no user or password."))
    return parts


def _is_allowed(address: Address) -> bool:
    known: Address = getattr(address, "ipv4_mapped", None) or address
    if any(known in ipaddress.ip_network(each) for each in settings.WEBHOOK_NETWORKS):
        return True
    return not (
        known.is_loopback
        or known.is_link_local
        or known.is_multicast
        or known.is_unspecified
        or known.is_reserved
    )


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="BAD_ADDRESS", fields={"url": sentence})
