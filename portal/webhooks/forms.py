"""The form of a webhook: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from accounts.models import Person
from accounts.privileges import Privilege
from integrations.webhooks.models import Webhook
from integrations.webhooks.services import EVENTS
from portal.site_forms import SiteForm, only_code, sites_offered
from portal.webhooks.words import EVENT


@dataclass(slots=True)
class WebhookForm(SiteForm):
    """What is typed of a webhook."""

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(name, str(EVENT[name])) for name in EVENTS]

    @property
    def facts(self) -> dict[str, Any]:
        """What the service is asked to keep, but for the site."""
        return {name: self.values[name] for name in ("name", "url", "events")}


def blank_form(person: Person) -> WebhookForm:
    """A webhook that is not there yet: told of everything, unless somebody chooses less."""
    sites = sites_offered(person, Privilege.MANAGE_WEBHOOKS)
    return WebhookForm({"name": "", "url": "", "site": only_code(sites), "events": list(EVENTS)}, sites)


def form_of(webhook: Webhook, person: Person) -> WebhookForm:
    """The webhook as it is."""
    values = {
        "name": webhook.name,
        "url": webhook.url,
        "site": webhook.site.code,
        "events": list(webhook.events),
    }
    return WebhookForm(values, sites_offered(person, Privilege.MANAGE_WEBHOOKS))


def typed_form(post: QueryDict, person: Person) -> WebhookForm:
    """What was typed, as it was typed."""
    values: dict[str, Any] = {
        name: post.get(name, "").replace("\0", "").strip() for name in ("name", "url", "site")
    }
    values["url"] = values["url"][:500]
    return WebhookForm(
        {**values, "events": post.getlist("events")}, sites_offered(person, Privilege.MANAGE_WEBHOOKS)
    )
