"""Webhooks and deliveries a person manages."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from integrations.webhooks.models import Webhook, WebhookDelivery


def managed_webhooks(actor: Actor) -> QuerySet[Webhook]:
    """Webhooks of the sites where the actor manages them."""
    return Webhook.objects.filter(site__in=sites_where(actor, Privilege.MANAGE_WEBHOOKS))


def managed_deliveries(actor: Actor) -> QuerySet[WebhookDelivery]:
    """What those webhooks were told, or are to be told."""
    return WebhookDelivery.objects.filter(webhook__in=managed_webhooks(actor))
