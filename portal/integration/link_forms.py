"""The form of an HL7 link: what was typed stays as it was typed, and each refusal stands beside its field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from accounts.models import Person
from accounts.privileges import Privilege
from integrations.hl7.models import Link
from portal.site_forms import SiteForm, only_code, sites_offered
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
class LinkForm(SiteForm):
    """What is typed of a link."""

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


def blank_form(person: Person) -> LinkForm:
    """A link that is not there yet: messages come in by most."""
    form = form_of(Link(direction=Link.Direction.INBOUND), person)
    form.values["site"] = only_code(form.sites)
    return form


def form_of(link: Link, person: Person) -> LinkForm:
    """The link as it is."""
    values: dict[str, Any] = {name: getattr(link, name) for name in (*_TEXTS, "is_active")}
    values["consultation_codes"] = "\n".join(link.consultation_codes)
    values["site"] = link.site.code if link.site_id else ""
    return LinkForm(values, sites_offered(person, Privilege.MANAGE_NODES))


def typed_form(post: QueryDict, person: Person) -> LinkForm:
    """What was typed, as it was typed."""
    names = (*_TEXTS, "consultation_codes", "site")
    values: dict[str, Any] = {name: post.get(name, "").replace("\0", "") for name in names}
    return LinkForm(
        {**values, "is_active": "is_active" in post}, sites_offered(person, Privilege.MANAGE_NODES)
    )


def _with(offered: tuple[str, ...] | list[str], chosen: str) -> list[str]:
    """What is offered, and what the link has beside it."""
    return [*offered, *([chosen] if chosen and chosen not in offered else [])]
