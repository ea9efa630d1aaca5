"""Numbers that belong to an order because of what it is: the same order always gets the same ones."""

from __future__ import annotations

import base64
import hashlib

ACCESSION_LENGTH = 16  # SH, PS3.5 §6.2


def accession_number(site_code: str, placer_order_number: str) -> str:
    """The accession number of a placer's order: 16 characters of A-Z and 2-7, 75 bits of them from a digest.

    An equal pair among millions of orders is next to impossible, and the database would refuse it.
    """
    return _number("A", site_code, placer_order_number)


def requested_procedure_id(site_code: str, placer_order_number: str) -> str:
    """The Requested Procedure ID of an order whose placer gave none."""
    return _number("R", site_code, placer_order_number)


def scheduled_procedure_step_id(site_code: str, placer_order_number: str) -> str:
    """The Scheduled Procedure Step ID we give as Order Filler."""
    return _number("S", site_code, placer_order_number)


def _number(prefix: str, site_code: str, placer_order_number: str) -> str:
    digest = hashlib.sha256(f"{site_code}\x1f{placer_order_number}".encode()).digest()
    return (prefix + base64.b32encode(digest).decode())[:ACCESSION_LENGTH]
