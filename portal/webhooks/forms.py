"""The form of a webhook: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Person, Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput, ServiceError
from integrations.webhooks.models import Webhook
from integrations.webhooks.services import EVENTS
from portal.webhooks.words import EVENT


@dataclass(slots=True)
class WebhookForm:
    """The values as the page shows them, and what is wrong with them by field."""

    values: dict[str, Any]
    sites: list[Site]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(name, str(EVENT[name])) for name in EVENTS]

    @property
    def facts(self) -> dict[str, Any]:
        """What the service is asked to keep, but for the site."""
        return {name: self.values[name] for name in ("name", "url", "events")}

    @property
    def site(self) -> Site:
        """The site that was chosen. Raises InvalidInput beside the field."""
        for site in self.sites:
            if site.code == self.values["site"]:
                return site
        sentence = _("Choose one of your sites.")
        raise InvalidInput(sentence, code="SITE_UNKNOWN", fields={"site": sentence})

    def refuse(self, refusal: ServiceError) -> WebhookForm:
        """The form with what was wrong beside its fields."""
        fields = refusal.fields if isinstance(refusal, InvalidInput) else {}
        self.errors = fields or {"": refusal.message}
        return self


def blank_form(person: Person) -> WebhookForm:
    """A webhook that is not there yet: told of everything, unless somebody chooses less."""
    sites = _sites(person)
    only = sites[0].code if len(sites) == 1 else ""
    return WebhookForm({"name": "", "url": "", "site": only, "events": list(EVENTS)}, sites)


def form_of(webhook: Webhook, person: Person) -> WebhookForm:
    """The webhook as it is."""
    values = {
        "name": webhook.name,
        "url": webhook.url,
        "site": webhook.site.code,
        "events": list(webhook.events),
    }
    return WebhookForm(values, _sites(person))


def typed_form(post: QueryDict, person: Person) -> WebhookForm:
    """What was typed, as it was typed."""
    values: dict[str, Any] = {
        name: post.get(name, "").replace("\0", "").strip() for name in ("name", "url", "site")
    }
    values["url"] = values["url"][:500]
    return WebhookForm({**values, "events": post.getlist("events")}, _sites(person))


def _sites(person: Person) -> list[Site]:
    return list(sites_where(person, Privilege.MANAGE_WEBHOOKS).order_by("code"))
