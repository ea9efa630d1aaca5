"""What another system may be called by: a host name or an IP address.

Reference  RFC 1123 §2.1; underscores are let pass, which hospitals' networks have
"""

from __future__ import annotations

import ipaddress
import re

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST = 253


def host_in(text: str) -> str | None:
    """The host that a text names, an address as it is usually written; None where it names none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    labels = text.rstrip(".").split(".")
    is_name = len(text) <= _LONGEST and all(_LABEL.fullmatch(label) for label in labels)
    return text if is_name and not labels[-1].isdigit() else None
