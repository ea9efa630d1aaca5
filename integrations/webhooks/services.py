"""Webhooks made, changed and taken away, by those who manage them at a site."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Person, Site
from common import clock
from common.errors import Conflict, InvalidInput
from integrations.webhooks.addresses import check_url
from integrations.webhooks.models import Webhook

EVENTS = {
    "CaseChanged": "A case has moved: its revision and status.",
    "UserTaskOffered": "A task waits for a person.",
    "UserTaskClosed": "A task is done, or was withdrawn.",
}
AT_MOST = 50  # of a site
LONGEST_NAME = 60


def create_webhook(site: Site, *, name: str, url: str, events: Collection[str], actor: Person) -> Webhook:
    """An address that is told of these events of a site from now on. Raises InvalidInput by field; Conflict."""
    facts = cleaned({"name": name, "url": url, "events": events})
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if Webhook.objects.filter(site=site).count() >= AT_MOST:
            raise Conflict(_("This site has 50 webhooks. Take one away first."), code="TOO_MANY_WEBHOOKS")
        made = Webhook.objects.create(site=site, created_by=actor, created_at=clock.now(), **facts)
        audit_webhook(made, actor, "webhook.created")
    return made


def update_webhook(webhook: Webhook, *, actor: Actor, **changes: Any) -> Webhook:
    """Change name, url, events or `is_enabled`. Raises InvalidInput by field."""
    facts = cleaned(changes)
    with transaction.atomic():
        found = Webhook.objects.select_for_update().select_related("site").get(pk=webhook.pk)
        for name, value in facts.items():
            setattr(found, name, value)
        found.failures, found.rests_until = 0, None
        found.save(update_fields=[*facts, "failures", "rests_until"])
        audit_webhook(found, actor, "webhook.changed", fields=sorted(facts))
    return found


def change_secret(webhook: Webhook, *, actor: Actor) -> Webhook:
    """Give the webhook another secret; what is sent from now on is signed with it."""
    with transaction.atomic():
        found = Webhook.objects.select_for_update().select_related("site").get(pk=webhook.pk)
        found.secret_number += 1
        found.save(update_fields=["secret_number"])
        audit_webhook(found, actor, "webhook.secret_changed")
    return found


def delete_webhook(webhook: Webhook, *, actor: Actor) -> None:
    """Tell the address nothing any more, and forget what it was told."""
    with transaction.atomic():
        audit_webhook(webhook, actor, "webhook.deleted")
        webhook.delete()


def cleaned(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a webhook as they are kept. Raises InvalidInput that tells all that is wrong, by field."""
    problems: dict[str, str] = {}
    if "name" in facts:
        facts = {**facts, "name": " ".join(str(facts["name"]).split())}
        if not 0 < len(facts["name"]) <= LONGEST_NAME:
            problems["name"] = _("Say who is told, in 60 characters at most.")
    if "events" in facts:
        facts = {**facts, "events": sorted(set(facts["events"]))}
        if not facts["events"] or set(facts["events"]) - set(EVENTS):
            problems["events"] = _("Choose from: %(names)s.") % {"names": ", ".join(sorted(EVENTS))}
    if "url" in facts:
        try:
            check_url(facts["url"])
        except InvalidInput as refusal:
            problems |= refusal.fields
    if problems:
        raise InvalidInput(next(iter(problems.values())), fields=problems)
    return facts


def audit_webhook(webhook: Webhook, actor: Actor, action: str, **detail: Any) -> None:
    """One line of the trail about a webhook, in the transaction in hand."""
    record_audit(
        actor,
        action,
        object_kind="webhook",
        object_uid=str(webhook.uid),
        site_code=webhook.site.code,
        **detail,
    )
