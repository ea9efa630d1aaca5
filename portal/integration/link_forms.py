"""The form of an HL7 link: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Person, Site
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput
from integrations.hl7.models import Link
from workflows.scripting.library.selectors import references_in_force

CHARACTER_SETS = (
    "UNICODE UTF-8",
    "GB 18030-2000",
    "GBK",
    "BIG-5",
    "ASCII",
    "8859/1",
    "8859/2",
    "8859/5",
    "8859/15",
)
"""Those offered of HL7 Table 0211; a link made by a program may have another spelling."""
_PARTIES = ("sending_application", "sending_facility")
_TEXTS_OF = {
    Link.Direction.INBOUND.value: (*_PARTIES, "character_set", "mapping_script"),
    Link.Direction.OUTBOUND.value: (
        *_PARTIES, "receiving_application", "receiving_facility", "host", "port", "character_set", "mapping_script",
    ),
}  # fmt: skip
_TEXTS = ("name", "direction", *_TEXTS_OF[Link.Direction.OUTBOUND.value])


@dataclass(slots=True)
class LinkForm:
    """The values as the page shows them, and what is wrong with them by field."""

    values: dict[str, Any]
    sites: list[Site]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def directions(self) -> list[tuple[str, Any]]:
        return list(Link.Direction.choices)

    @property
    def character_sets(self) -> list[str]:
        return _with(CHARACTER_SETS, self.values["character_set"])

    @property
    def scripts(self) -> list[str]:
        return _with(references_in_force(), self.values["mapping_script"])

    @property
    def facts(self) -> dict[str, Any]:
        """What the service is asked to keep of a link of this direction, but for name, direction and site."""
        facts = {name: self.values[name] for name in _TEXTS_OF.get(self.values["direction"], ())}
        if self.values["direction"] == Link.Direction.INBOUND:
            facts["consultation_codes"] = self.values["consultation_codes"].splitlines()
        return {**facts, "is_active": self.values["is_active"]}

    @property
    def site(self) -> Site:
        """The site that was chosen. Raises InvalidInput beside the field."""
        for site in self.sites:
            if site.code == self.values["site"]:
                return site
        sentence = _("Choose one of your sites.")
        raise InvalidInput(sentence, code="SITE_UNKNOWN", fields={"site": sentence})

    def refuse(self, refusal: InvalidInput) -> LinkForm:
        """The form with what was wrong beside its fields."""
        self.errors = refusal.fields or {"": refusal.message}
        return self


def blank_form(person: Person) -> LinkForm:
    """A link that is not there yet: messages come in by most."""
    form = form_of(Link(direction=Link.Direction.INBOUND), person)
    form.values["site"] = form.sites[0].code if len(form.sites) == 1 else ""
    return form


def form_of(link: Link, person: Person) -> LinkForm:
    """The link as it is."""
    values: dict[str, Any] = {name: getattr(link, name) for name in (*_TEXTS, "is_active")}
    values["consultation_codes"] = "\n".join(link.consultation_codes)
    values["site"] = link.site.code if link.site_id else ""
    return LinkForm(values, _sites(person))


def typed_form(post: QueryDict, person: Person) -> LinkForm:
    """What was typed, as it was typed."""
    names = (*_TEXTS, "consultation_codes", "site")
    values: dict[str, Any] = {name: post.get(name, "").replace("\0", "") for name in names}
    return LinkForm({**values, "is_active": "is_active" in post}, _sites(person))


def _with(offered: tuple[str, ...] | list[str], chosen: str) -> list[str]:
    """What is offered, and what the link has beside it."""
    return [*offered, *([chosen] if chosen and chosen not in offered else [])]


def _sites(person: Person) -> list[Site]:
    return list(sites_where(person, Privilege.MANAGE_NODES).order_by("code"))
