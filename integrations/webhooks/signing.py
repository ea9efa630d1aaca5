"""Secrets and signatures by which a receiver knows that news is ours, whole and fresh.

A secret is derived from the installation's key, so it is in no table and no backup of one; it is shown when it is
made, and never again.

Reference  Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`), RFC 2104 (HMAC)
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.conf import settings

from integrations.webhooks.models import Webhook

PREFIX = "whsec_"


def secret_of(webhook: Webhook) -> str:
    """The webhook's secret as its receiver is told it."""
    return PREFIX + base64.b64encode(_key(webhook)).decode()


def headers_of(webhook: Webhook, *, delivery: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a body. The signature covers the delivery's id and the time, so an old one cannot be replayed."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(_key(webhook), signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _key(webhook: Webhook) -> bytes:
    """256 bits that nobody without the installation's key can know, others for each webhook and each change."""
    name = f"webhook:{webhook.uid}:{webhook.secret_number}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), name, hashlib.sha256).digest()
